/* What a host program sees of a model: entry points, the table of tensors, the header. */
#include "abi.h"

#include "str.h"
#include "text.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

/* GR_ABI of the gr.h that this is for; with the other sign, as there, if it is freestanding. */
enum { ABI = 3 };

static int abi(const EmitOptions *e) { return e->freestanding ? -ABI : ABI; }

void put_world(Out *o, const EmitOptions *e)
{
    if (e->freestanding)
        line(o, "#define GR_FREESTANDING 1");
}

/* ---- Names ---- */

/* The accessor of a tensor is PREFIX_ and its name in C; a tensor called like an entry
 * point gets a _ behind. */
static const char *accessor(const EmitOptions *e, const Slot *s)
{
    static const char *const taken[] = {"size",    "model",     "init",
                                        "forward", "gradients", "step"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcmp(s->buffer->c_name, taken[i]))
            return intern_f("%s_%s_", e->prefix, s->buffer->c_name);
    return intern_f("%s_%s", e->prefix, s->buffer->c_name);
}

/* A name ends in two _ only here. */
const char *function_of(const Region *r, const Module *m, const EmitOptions *e)
{
    const char *name = r->like ? r->like->name : r->name;
    for (int i = 0; i < m->slot.n; i++)
        if (!strcmp(name, accessor(e, &m->slot.at[i])))
            return intern_f("%s__", name);
    return name;
}

/* ---- Entry points ---- */

static const char *const arguments[NENTRY] = {
    [ENTRY_INIT] = "(void *block, uint64_t seed)",
    [ENTRY_FORWARD] = "(void *block, int n)",
    [ENTRY_GRADIENTS] = "(void *block, int n)",
    [ENTRY_STEP] = "(void *block, int n)",
};

void put_head(Out *o, const EmitOptions *e, EntryKind k, const char *end)
{
    line(o, "void %s_%s%s%s", e->prefix, entry_name[k], arguments[k], end);
}

/* const size_t x = 64, W = 192; */
static void put_offsets(Out *o, const Entry *e)
{
    Out text = new_out(o->arena);
    VEC(const Buffer *) seen = {0};
    for (int i = 0; i < e->region.n; i++)
        for (int k = 0; k < e->region.at[i]->view.n; k++) {
            const Buffer *b = e->region.at[i]->view.at[k]->buffer;
            int j = 0;
            while (j < seen.n && seen.at[j] != b)
                j++;
            if (!b || j < seen.n)
                continue;
            PUSH(o->arena, &seen, b);
            put(&text, "%s%s = %zu", j ? ", " : "const size_t ", b->c_name, b->offset);
        }
    if (seen.n)
        put_code(o, format(o->arena, "%s;", text.text));
}

/* gr_run(block, forward_h, GR_AT(x, h_W, h)); */
static void put_run(Out *o, const Module *m, const EmitOptions *e, const Region *r)
{
    Out at = new_out(o->arena);
    for (int i = 0; i < r->view.n; i++)
        if (r->view.at[i]->buffer)
            put(&at, "%s%s", at.length ? ", " : "", r->view.at[i]->buffer->c_name);
    for (int i = 0; i < r->site.n; i++)
        put(&at, "%s%d", at.length ? ", " : "", r->site.at[i]);
    put_code(o,
             format(o->arena,
                    r->parallel ? "gr_run(block, %s, GR_AT(%s));" : "%s(block, GR_AT(%s));",
                    function_of(r, m, e), at.text));
}

/* gr_mark("step\tstep_h\th.sum, h"): what has been done since the mark before. */
static void put_mark(Out *o, const Region *r, EntryKind k)
{
    Out text = new_out(o->arena);
    put(&text, "%s\t%s\t", entry_name[k], r->name);
    for (int i = 0; i < r->equation.n; i++)
        put(&text, "%s%s", i ? "; " : "", r->equation.at[i]->name);
    line(o, "gr_mark(%s);", quoted(text.text, o->arena));
}

void put_entry(Out *o, const Module *m, const EmitOptions *e, EntryKind k)
{
    put(o, "\n");
    put_head(o, e, k, "");
    line(o, "{");
    put_offsets(o, &m->entry[k]);
    line(o, "gr_context *context = block;");
    if (k == ENTRY_INIT) {
        line(o, "memset(block, 0, %zu);", m->size);
        line(o, "context->seed = seed;");
        line(o, "context->training = 1;");
        if (!e->freestanding)
            line(o, "context->parts = 1;");
    } else {
        line(o, "context->n = n;");
    }
    if (k == ENTRY_STEP)
        line(o, "context->step++;");
    if (k == ENTRY_GRADIENTS)
        line(o, "context->step++; /* those of the next update, which is not made */");
    if (e->profile)
        line(o, "gr_mark(NULL);");
    for (int i = 0; i < m->entry[k].region.n; i++) {
        put_run(o, m, e, m->entry[k].region.at[i]);
        if (e->profile)
            put_mark(o, m->entry[k].region.at[i], k);
    }
    if (k == ENTRY_GRADIENTS)
        line(o, "context->step--;");
    line(o, "}");
}

/* ---- The table ---- */

static const char *role_of(const Slot *s)
{
    static const char *const result[NROOT] = {
        [ROOT_LOSS] = "GR_LOSS",
        [ROOT_METRIC] = "GR_METRIC",
        [ROOT_OUTPUT] = "GR_OUTPUT",
        [ROOT_GRADIENT] = "GR_GRADIENT",
        [ROOT_RATE] = "GR_RATE",
        [ROOT_INNER] = "GR_INNER",
    };
    if (s->root != NROOT)
        return result[s->root];
    switch (s->tensor->role) {
    case INPUT:
        return "GR_INPUT";
    case PARAM:
        return "GR_PARAM";
    case STATE:
        return s->tensor->optimizer  ? "GR_OPTIMIZER"
               : s->tensor->averages ? "GR_AVERAGE"
                                     : "GR_STATE";
    case EQUATION:
        break;
    }
    bug("'%s' is in the table, but neither given nor asked for", s->name);
}

static const char *type_of(const Module *m, const Buffer *b)
{
    if (b->elem == ELEM_REAL)
        return m->f64 ? "GR_F64" : "GR_F32";
    return b->elem == ELEM_BYTE ? "GR_U8" : "GR_I32";
}

/* Where the model says it; and where a definition does, if that is elsewhere. */
static const char *place_of(const Tensor *t, Arena *a)
{
    const char *own = t->span.source ? source_line(t->span) : "",
               *call = t->call.source ? source_line(t->call) : own;
    return !strcmp(own, call) ? own : format(a, "%s, %s", call, own);
}

static void put_slot(Out *o, const Module *m, const Slot *s)
{
    const Buffer *b = s->buffer;
    Out dim = new_out(o->arena);
    for (int i = 0; i < b->rank; i++)
        put(&dim, "%s%d", i ? ", " : "", b->dim[i]);
    put_code(o, format(o->arena, "{\"%s\", %s, %s, %d, %d, %d, {%s}, %zu, %d, %d, %s},",
                       s->name, role_of(s), type_of(m, b), b->rank, b->batched,
                       b->elem == ELEM_INDEX ? s->tensor->bound : 0,
                       b->rank ? dim.text : "0", b->offset, s->target, s->drawn,
                       quoted(place_of(s->tensor, o->arena), o->arena)));
}

/* Of the printed equations. */
static uint64_t hash_of(const Graph *g, Arena *a)
{
    Out text = new_out(a);
    print_graph(&text, g);
    return hash_text(HASH_OF_NOTHING, text.text, text.length);
}

void put_table(Out *o, const Module *m, const EmitOptions *e)
{
    const char *p = e->prefix;
    put(o, "\n");
    line(o, "_Static_assert(GR_ABI == %d, \"gr.h is of another version of gradc\");",
         abi(e));
    put(o, "\n");
    line(o, "size_t %s_size(void) { return %zu; }", p, m->size);
    put(o, "\n");
    line(o,
         "/* name, role, type, rank, batched, bound, dimensions, offset, target, drawn, source */");
    line(o, "static const gr_tensor tensor[] = {");
    for (int i = 0; i < m->slot.n; i++)
        put_slot(o, m, &m->slot.at[i]);
    line(o, "};");
    put(o, "\n");
    line(o, "const gr_model %s_model = {", p);
    line(o, ".abi = %d,", abi(e));
    line(o, ".name = \"%s\",", m->graph->name);
    line(o, ".hash = 0x%016llx,", (unsigned long long)hash_of(m->graph, o->arena));
    line(o, ".size = %zu,", m->size);
    line(o, ".real = %s,", m->f64 ? "GR_F64" : "GR_F32");
    line(o, ".batch = %d,", m->graph->batch);
    line(o, ".accumulate = %d,", m->graph->accumulate);
    line(o, ".tensors = %d,", m->slot.n);
    line(o, ".tensor = tensor,");
    line(o, ".flops = %.17g,", flops_of_entry(&m->entry[ENTRY_STEP]));
    line(o, ".epochs = %d,", m->graph->epochs);
    line(o, ".seed = %llu,", (unsigned long long)m->graph->seed);
    line(o, ".validation = %.17g,", m->graph->validation);
    for (EntryKind k = 0; !e->freestanding && k < NENTRY; k++)
        line(o, ".%s = %s_%s,", entry_name[k], p, entry_name[k]);
    line(o, "};");
}

/* ---- The header ---- */

static const char *upper(const char *name, Arena *a)
{
    char *text = format(a, "%s", name);
    for (char *s = text; *s; s++)
        *s = (char)toupper((unsigned char)*s);
    return text;
}

static const char *host_type(const Module *m, Elem e)
{
    if (e == ELEM_REAL)
        return m->f64 ? "double" : "float";
    return e == ELEM_BYTE ? "uint8_t" : "int32_t";
}

/* param h.W[32, 64] */
static const char *description(const Slot *s, Arena *a)
{
    static const char *const result[NROOT] = {
        [ROOT_LOSS] = "loss",
        [ROOT_METRIC] = "metric",
        [ROOT_OUTPUT] = "output",
        [ROOT_GRADIENT] = "gradient",
        [ROOT_RATE] = "learning rate",
        [ROOT_INNER] = "inner",
    };
    Out text = new_out(a);
    const Buffer *b = s->buffer;
    if (s->root == NROOT) {
        print_tensor(&text, s->tensor);
        return text.text;
    }
    put(&text, "%s %s", result[s->root], s->name);
    for (int i = 0; i < b->rank; i++) {
        put(&text, i ? ", " : "[");
        put(&text, i == 0 && b->batched ? "batch" : "%d", b->dim[i]);
    }
    put(&text, b->rank ? "]" : "");
    return text.text;
}

void put_banner(Out *o, const EmitOptions *e, const char *headers)
{
    put_comment(o, format(o->arena,
                          "%s\n\n"
                          "This file belongs to you: use it, change it and ship it as you "
                          "like.\n"
                          "It needs %s%s.",
                          e->banner, e->standalone ? "nothing" : headers, " of gradc"));
}

static const Slot *first_slot(const Module *m, const char *role)
{
    for (int i = 0; i < m->slot.n; i++)
        if (!strcmp(role_of(&m->slot.at[i]), role))
            return &m->slot.at[i];
    return NULL;
}

static void put_usage(Out *o, const Module *m, const EmitOptions *e)
{
    const char *p = e->prefix;
    const Slot *input = first_slot(m, "GR_INPUT"), *loss = first_slot(m, "GR_LOSS");
    Out text = new_out(o->arena);
    put(&text, "%s\n\n", e->banner);
    put(&text, "    void *block = aligned_alloc(64, %s_size());\n", p);
    put(&text, "    %s_init(block, 1);\n", p);
    if (input)
        put(&text, "    memcpy(%s(block), %s, sizeof %s);\n", accessor(e, input),
            input->buffer->c_name, input->buffer->c_name);
    put(&text, "    %s_step(block, %d);\n", p, m->graph->batch);
    if (loss)
        put(&text, "    printf(\"%%g\\n\", *%s(block));\n", accessor(e, loss));
    put(&text,
        "\nA call takes 1 to %d examples. The block is yours, %zu bytes aligned to 64;\n"
        "it begins with a gr_context, described in gr.h. Set its `steps` to the number of "
        "steps\n"
        "planned where a schedule asks for it.",
        m->graph->batch, m->size);
    if (e->freestanding)
        put(&text,
            " The stack of a\ncall is at most %zu bytes, compiled with -O1, -Os or more. "
            "There are no other functions than\nthese, memcpy and memset, which are the "
            "program's to bring.",
            m->stack);
    put_comment(o, text.text);
}

static void put_accessors(Out *o, const Module *m, const EmitOptions *e)
{
    for (int i = 0; i < m->slot.n; i++) {
        const Slot *s = &m->slot.at[i];
        const char *type = host_type(m, s->buffer->elem);
        put(o, "\n");
        put_comment(o, description(s, o->arena));
        line(o, "static inline %s *%s(void *block)", type, accessor(e, s));
        line(o, "{");
        line(o, "return (%s *)((char *)block + %zu);", type, s->buffer->offset);
        line(o, "}");
    }
}

void emit_header(Out *o, const Module *m, const EmitOptions *e)
{
    const char *p = e->prefix, *guard = upper(p, o->arena);
    put_usage(o, m, e);
    line(o, "#ifndef %s_H", guard);
    line(o, "#define %s_H", guard);
    put(o, "\n");
    put_world(o, e);
    line(o, "#include \"gr.h\"");
    line(o, "#if GR_ABI != %d", abi(e));
    line(o, "#error \"gr.h is of another version of gradc\"");
    line(o, "#endif");
    put(o, "\n");
    line(o, "#define %s_SIZE  %zu", guard, m->size);
    line(o, "#define %s_BATCH %d", guard, m->graph->batch);
    if (e->freestanding)
        line(o, "#define %s_STACK %zu", guard, m->stack);
    put(o, "\n");
    line(o, "#ifdef __cplusplus");
    put(o, "extern \"C\" {\n");
    line(o, "#endif");
    put(o, "\n");
    line(o, "extern const gr_model %s_model;", p);
    line(o, "size_t %s_size(void);", p);
    for (EntryKind k = 0; k < NENTRY; k++)
        put_head(o, e, k, ";");
    put_accessors(o, m, e);
    put(o, "\n");
    line(o, "#ifdef __cplusplus");
    put(o, "}\n");
    line(o, "#endif");
    line(o, "#endif");
}
