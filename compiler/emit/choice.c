/* One model compiled for several machines: a file whose entry points are those of the last
 * variant that the processor can run; the first is for all the others. */
#include "abi.h"

#include "str.h"

#include <string.h>

const char *variant_prefix(const Module *m, const EmitOptions *e, Arena *a)
{
    char *name = format(a, "%s_%s", e->prefix, m->target->name);
    for (char *s = name; *s; s++)
        *s = *s == '-' ? '_' : *s;
    return name;
}

/* if (__builtin_cpu_supports("avx2") &&
 *     __builtin_cpu_supports("fma")) */
static void put_condition(Out *o, const Target *t)
{
    for (const char *s = t->needs; *s;) {
        size_t n = strcspn(s, " "), next = n + strspn(s + n, " ");
        line(o, "%s__builtin_cpu_supports(\"%.*s\")%s", s == t->needs ? "if (" : "    ",
             (int)n, s, s[next] ? " &&" : ")");
        s += next;
    }
}

static void put_choice(Out *o, const Modules *m, const EmitOptions *e)
{
    line(o, "static const gr_model *variant(void)");
    line(o, "{");
    for (int i = m->n - 1; i > 0; i--) {
        put_condition(o, m->at[i]->target);
        line(o, "    return &%s_model;", variant_prefix(m->at[i], e, o->arena));
    }
    line(o, "return &%s_model;", variant_prefix(m->at[0], e, o->arena));
    line(o, "}");
}

static void put_call(Out *o, const EmitOptions *e, EntryKind k)
{
    put(o, "\n");
    put_head(o, e, k, "");
    line(o, "{");
    line(o, "variant()->%s(block, %s);", entry_name[k], k == ENTRY_INIT ? "seed" : "n");
    line(o, "}");
}

void emit_choice(Out *o, const Modules *m, const EmitOptions *e)
{
    put_banner(o, e, "gr.h");
    line(o, "#include \"%s\"", e->header && e->standalone ? e->header : "gr.h");
    if (e->header && !e->standalone)
        line(o, "#include \"%s\"", e->header);
    put(o, "\n");
    for (int i = 0; i < m->n; i++)
        line(o, "extern const gr_model %s_model;", variant_prefix(m->at[i], e, o->arena));
    put(o, "\n");
    put_choice(o, m, e);
    for (EntryKind k = 0; k < NENTRY; k++)
        put_call(o, e, k);
    put_table(o, m->at[0], e);
}
