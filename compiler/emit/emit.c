/* Loops become C. Nothing is decided here: lower/ has settled every size, order and
 * operation, and one function prints each kind of statement. */
#include "emit.h"

#include "abi.h"
#include "lines.h"
#include "str.h"
#include "text.h"
#include "value.h"

#include <assert.h>
#include <string.h>

typedef struct Emitter {
    Out *out;
    const Module *m;
    const EmitOptions *options;
    bool f64, wide;
    const Region *region; /* the one being emitted */
    bool marked;          /* what its text belongs to is asked for: */
    LineMarks mark;
} Emitter;

/* ---- What a region uses: nothing is declared that it does not ---- */

typedef struct Uses {
    bool n, context;
} Uses;

static void uses_of_value(Uses *u, const Val *v);

static void uses_of_int(Uses *u, const Int *i)
{
    for (int k = 0; i && k < i->nterm; k++) {
        const IntTerm *t = &i->term[k];
        u->n |= t->kind == INT_VAR && !strcmp(t->var->name, "n");
        uses_of_int(u, t->of);
        uses_of_int(u, t->limit);
        uses_of_value(u, t->load);
    }
}

static void uses_of_value(Uses *u, const Val *v)
{
    if (!v)
        return;
    bool is_n = v->kind == VAL_SCALAR && v->scalar == SCALAR_n;
    u->n |= is_n;
    u->context |= (v->kind == VAL_SCALAR && !is_n) || v->kind == VAL_RANDOM;
    for (int i = 0; i < 3; i++)
        uses_of_value(u, v->arg[i]);
    for (int i = 0; i < MAXRANK; i++)
        uses_of_int(u, v->sub[i]);
}

static void uses_of_body(Uses *u, const LoopBody *body)
{
    for (int i = 0; i < body->n; i++) {
        const LoopStmt *s = body->at[i];
        uses_of_int(u, s->from);
        uses_of_int(u, s->to);
        uses_of_value(u, s->val);
        for (int k = 0; k < MAXRANK; k++)
            uses_of_int(u, s->sub[k]);
        uses_of_body(u, &s->body);
    }
}

/* ---- Statements ---- */

static const char *int_text(Emitter *e, const Int *i, Level least)
{
    Out text = new_out(e->out->arena);
    put_int(&text, i, least);
    return text.text;
}

static const char *value_text(Emitter *e, const Val *v, Level least)
{
    Out text = new_out(e->out->arena);
    put_value(&text, v, e->f64, least);
    return text.text;
}

static const char *element_text(Emitter *e, const LoopStmt *s)
{
    Out text = new_out(e->out->arena);
    put_element(&text, s->view, s->sub);
    return text.text;
}

static const char *type_of(const Reg *r)
{
    if (r->kind == BOOL)
        return r->vector ? "mask" : "int";
    return r->vector ? "vec" : "real";
}

/* to = value; or to += rest, where the value begins with what it is assigned to. */
static void emit_assignment(Emitter *e, const char *to, const Val *v)
{
    const char *sign = sign_of(v);
    bool updates = sign && strchr("+-*/", sign[0]) && v->arg[0] != v->arg[1] &&
                   !strcmp(value_text(e, v->arg[0], L_ANY), to);
    const char *value = value_text(e, updates ? v->arg[1] : v, L_ANY);
    put_code(e->out, format(e->out->arena, "%s %s= %s;", to, updates ? sign : "", value));
}

static void emit_store(Emitter *e, const LoopStmt *s)
{
    const char *to = element_text(e, s);
    if (!s->val->vector) {
        emit_assignment(e, to, s->val);
        return;
    }
    Out text = new_out(e->out->arena);
    put(&text, "gr_%s%s%s(&%s, ", s->stride == 1 ? "store" : "scatter",
        suffix_of(elem_of(s->view)), s->part ? "_part" : "", to);
    if (s->stride != 1)
        put(&text, "%lld, ", (long long)s->stride);
    put_value(&text, s->val, e->f64, L_ANY);
    if (s->part)
        put(&text, ", %d", s->part);
    put(&text, ");");
    put_code(e->out, text.text);
}

static void emit_body(Emitter *e, const LoopBody *body);

static bool declares(LoopKind k)
{
    return k == LOOP_INT || k == LOOP_LET || k == LOOP_VAR;
}

static void emit_for(Emitter *e, const LoopStmt *s)
{
    const char *name = s->var->name;
    Out head = new_out(e->out->arena);
    put(&head, "for (");
    if (s->from)
        put(&head, "int %s = %s", name, int_text(e, s->from, L_ANY));
    if (s->step == -1)
        put(&head, "; %s >= %s; %s--)", name, int_text(e, s->to, L_SUM), name);
    else if (s->step == 1)
        put(&head, "; %s < %s; %s++)", name, int_text(e, s->to, L_SUM), name);
    else if (s->short_last)
        put(&head, "; %s < %s; %s += %lld)", name, int_text(e, s->to, L_SUM), name,
            (long long)s->step);
    else
        put(&head, "; %s + %lld <= %s; %s += %lld)", name, (long long)s->step,
            int_text(e, s->to, L_SUM), name, (long long)s->step);

    bool braces = s->body.n != 1 || declares(s->body.at[0]->kind);
    line(e->out, braces ? "%s {" : "%s", head.text);
    e->out->level += !braces;
    emit_body(e, &s->body);
    e->out->level -= !braces;
    if (braces)
        line(e->out, "}");
}

static void emit_statement(Emitter *e, const LoopStmt *s)
{
    switch (s->kind) {
    case LOOP_FOR:
        emit_for(e, s);
        break;
    case LOOP_INT:
        line(e->out, "int %s = %s;", s->var->name, int_text(e, s->from, L_ANY));
        break;
    case LOOP_LET:
    case LOOP_VAR:
        put_code(e->out, format(e->out->arena, "%s %s = %s;", type_of(s->reg), s->reg->name,
                                value_text(e, s->val, L_ANY)));
        break;
    case LOOP_SET:
        emit_assignment(e, s->reg->name, s->val);
        break;
    case LOOP_STORE:
        emit_store(e, s);
        break;
    case LOOP_FREE:
        line(e->out, "gr_free_registers();");
        break;
    }
}

static void mark_place(Emitter *e, const Tensor *t)
{
    if (e->marked && t)
        PUSH(e->out->arena, &e->mark, (LineMark){e->out->length, t});
}

static void emit_body(Emitter *e, const LoopBody *body)
{
    for (int i = 0; i < body->n; i++) {
        if (e->marked)
            mark_place(e, next_stored(e->region, body, i));
        emit_statement(e, body->at[i]);
    }
}

/* ---- Regions ---- */

static void put_equation(Out *o, const Tensor *t)
{
    const char *place = source_line(t->span);
    size_t begin = o->length;
    print_tensor(o, t);
    if (*place)
        put(o, "%s%s", o->length - begin + strlen(place) > 80 ? "\n    " : "    ", place);
    if (t->why)
        put(o, "\n    %s", t->why);
}

/* The other tensors that the function computes. */
static void put_likewise(Emitter *e, Out *o, const Region *r)
{
    VEC(const char *) name = {0};
    PUSH(o->arena, &name, r->result->name);
    for (EntryKind k = 0; k < NENTRY; k++)
        for (int i = 0; i < e->m->entry[k].region.n; i++) {
            const Region *other = e->m->entry[k].region.at[i];
            int j = 0;
            while (j < name.n && name.at[j] != other->result->name)
                j++;
            if (other->like == r && j == name.n)
                PUSH(o->arena, &name, other->result->name);
        }
    for (int i = 1; i < name.n; i++)
        put(o, "%s%s", i > 1 ? ", " : "\nand likewise ", name.at[i]);
}

static void emit_equations(Emitter *e, const Region *r)
{
    Out text = new_out(e->out->arena);
    for (int i = 0; i < r->equation.n; i++) {
        put(&text, i ? "\n" : "");
        put_equation(&text, r->equation.at[i]);
    }
    put_likewise(e, &text, r);
    put_comment(e->out, text.text);
}

static const char *c_type(Elem e)
{
    return e == ELEM_BYTE ? "uint8_t" : e == ELEM_INDEX ? "int32_t" : "real";
}

/* _Alignas(64) real tile[4][64]; */
static void emit_array(Emitter *e, const View *v)
{
    Out text = new_out(e->out->arena);
    for (int i = 0; i < v->rank; i++)
        put(&text, "[%d]", v->dim[i]);
    line(e->out, "_Alignas(64) real %s%s;", v->name, text.text);
}

/* const real (*W)[64] = gr_at(block, at[1]); */
static void emit_view(Emitter *e, const View *v, int argument)
{
    Out text = new_out(e->out->arena);
    put(&text, "%s%s ", v->written ? "" : "const ", c_type(v->buffer->elem));
    put(&text, v->rank > 1 ? "(*%s)" : "*%s", v->name);
    for (int i = 1; i < v->rank; i++)
        put(&text, "[%d]", v->dim[i]);
    line(e->out, "%s = gr_at(block, at[%d]);", text.text, argument);
}

static void emit_range(Emitter *e, const Region *r)
{
    const char *range = int_text(e, r->range, L_ANY);
    if (r->parallel) {
        line(e->out, "const int lo = gr_from(%s, %lld, part, parts);", range,
             (long long)r->grain);
        line(e->out, "const int hi = gr_from(%s, %lld, part + 1, parts);", range,
             (long long)r->grain);
    } else {
        line(e->out, "const int lo = 0, hi = %s;", range);
    }
}

/* const int site[] = {(int)at[3], (int)at[4]}; */
static void emit_sites(Emitter *e, const Region *r, int argument)
{
    Out text = new_out(e->out->arena);
    for (int i = 0; i < r->site.n; i++)
        put(&text, "%s(int)at[%d]", i ? ", " : "", argument + i);
    if (r->site.n)
        line(e->out, "const int site[] = {%s};", text.text);
}

/* In the order in which the entry points give them. */
static void emit_arguments(Emitter *e, const Region *r)
{
    int n = 0;
    for (int i = 0; i < r->view.n; i++)
        if (r->view.at[i]->buffer)
            emit_view(e, r->view.at[i], n++);
    emit_sites(e, r, n);
    for (int i = 0; i < r->view.n; i++)
        if (!r->view.at[i]->buffer)
            emit_array(e, r->view.at[i]);
}

/* Inlined, its arrays would be on the stack all the while. */
static bool is_apart(const Emitter *e, const Region *r)
{
    bool arrays = false;
    for (int i = 0; i < r->view.n; i++)
        arrays |= !r->view.at[i]->buffer;
    return e->options->freestanding && arrays;
}

static void emit_region(Emitter *e, const Region *r)
{
    Uses uses = {0};
    uses_of_body(&uses, &r->body);
    uses_of_int(&uses, r->range);

    put(e->out, "\n");
    emit_equations(e, r);
    size_t begin = e->out->length;
    e->region = r;
    e->mark.n = 0;
    mark_place(e, r->result);
    put_code(e->out,
             format(e->out->arena, "static %s%svoid %s(void *block, const size_t *at%s)",
                    e->wide ? "GR_WIDE " : "", is_apart(e, r) ? "GR_APART " : "",
                    function_of(r, e->m, e->options),
                    r->parallel ? ", int part, int parts" : ""));
    line(e->out, "{");
    emit_arguments(e, r);
    if (uses.n || uses.context)
        line(e->out, "const gr_context *context = block;");
    if (uses.n)
        line(e->out, "const int n = context->n;");
    if (r->range)
        emit_range(e, r);
    put(e->out, "\n");
    emit_body(e, &r->body);
    line(e->out, "}");
    if (e->options->lines)
        number_lines(e->out, begin, &e->mark, e->options->lines);
}

/* ---- The file ---- */

static void emit_entry(Emitter *e, EntryKind k)
{
    const Entry *entry = &e->m->entry[k];
    for (int i = 0; i < entry->region.n; i++)
        if (!entry->region.at[i]->like)
            emit_region(e, entry->region.at[i]);
    put_entry(e->out, e->m, e->options, k);
}

static Emitter new_emitter(Out *o, const Module *m, const EmitOptions *options)
{
    return (Emitter){.out = o,
                     .m = m,
                     .options = options,
                     .f64 = m->f64,
                     .marked = options->lines != NULL,
                     .wide = m->target->bytes == 64};
}

void emit_function(Out *o, const Module *m, const Region *r, const EmitOptions *options,
                   LineMarks *marks)
{
    Emitter e = new_emitter(o, m, options);
    e.marked |= marks != NULL;
    emit_region(&e, r);
    if (marks)
        *marks = e.mark;
}

void emit_c(Out *o, const Module *m, const EmitOptions *options)
{
    Emitter e = new_emitter(o, m, options);
    o->unbroken = options->lines != NULL;
    put_banner(o, options, "gr.h, simd.h and region.h");
    put_world(o, options);
    line(o, "#define GR_LANES %d", m->lanes);
    line(o, "#define GR_DOUBLE %d", m->f64);
    bool instead = options->standalone && options->header; /* which holds gr.h then */
    line(o, "#include \"%s\"", instead ? options->header : "gr.h");
    if (options->freestanding)
        line(o, "#include \"bare.h\"");
    line(o, "#include \"simd.h\"");
    line(o, "#include \"region.h\"");
    if (options->header && !instead)
        line(o, "#include \"%s\"", options->header);
    if (options->profile)
        line(o, "void gr_mark(const char *done);");
    for (EntryKind k = 0; k < NENTRY; k++)
        emit_entry(&e, k);
    put_table(o, m, options);
}
