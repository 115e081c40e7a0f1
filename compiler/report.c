/* What gradc tells a person about a model. */
#include "report.h"

static int64_t numbers_in(const Tensor *t) { return count_of(t->idx, t->rank); }

static void list_declared(Out *o, const Module *m, Role role, bool optimizer)
{
    for (int i = 0; i < m->slot.n; i++) {
        const Tensor *t = m->slot.at[i].tensor;
        if (m->slot.at[i].root != NROOT || t->role != role || t->optimizer != optimizer)
            continue;
        Out text = new_out(o->arena);
        print_tensor(&text, t);
        put(o, role == INPUT ? "  %s\n" : "  %-40s %12lld\n", text.text,
            (long long)numbers_in(t));
    }
}

static int64_t count_declared(const Module *m, Role role, bool optimizer)
{
    int64_t n = 0;
    for (int i = 0; i < m->slot.n; i++) {
        const Tensor *t = m->slot.at[i].tensor;
        if (m->slot.at[i].root == NROOT && t->role == role && t->optimizer == optimizer)
            n += numbers_in(t);
    }
    return n;
}

size_t lasting_bytes(const Module *m)
{
    size_t n = 0;
    for (int i = 0; i < m->slot.n; i++)
        n += m->slot.at[i].buffer->bytes;
    return n;
}

/* One that is summed in parts is still one. */
static int computed_again(const Entry *e)
{
    int n = 0;
    const Tensor *last = NULL;
    for (int i = 0; i < e->graph->tensor.n; i++) {
        const Tensor *of = e->graph->tensor.at[i]->again;
        n += of && of != last;
        last = of ? of : last;
    }
    return n;
}

void report_saving(Out *o, const Module *m)
{
    if (!m->ample)
        return;
    const Entry *now = &m->entry[ENTRY_STEP], *ample = &m->ample->entry[ENTRY_STEP];
    double flops = flops_of_entry(now) - flops_of_entry(ample),
           cycles = cycles_of_entry(now) / cycles_of_entry(ample);
    put(o,
        "%s takes %zu bytes instead of %zu: a training step computes %d tensors again,\n"
        "%.0f operations more (%.1f%%), and takes %.1f%% longer by estimate\n",
        m->graph->name, m->size, m->ample->size, computed_again(now), flops,
        100 * flops / flops_of_entry(ample), 100 * (cycles - 1));
}

void report_model(Out *o, const Module *m)
{
    put(o, "%s: batch %d, %s, %d lanes, for %s", m->graph->name, m->graph->batch,
        m->f64 ? "f64" : "f32", m->lanes, m->target->name);
    if (m->graph->accumulate > 1)
        put(o, ", an update every %d batches", m->graph->accumulate);
    put(o, "\n");
    list_declared(o, m, INPUT, false);
    list_declared(o, m, PARAM, false);
    list_declared(o, m, STATE, false);
    list_declared(o, m, STATE, true);
    put(o, "\nparameters %lld, state %lld, of the optimizer %lld\n\n",
        (long long)count_declared(m, PARAM, false),
        (long long)count_declared(m, STATE, false),
        (long long)count_declared(m, STATE, true));

    put(o, "%-10s %8s %14s %14s %14s\n", "entry", "regions", "flops", "scratch",
        "at least");
    for (EntryKind k = 0; k < NENTRY; k++) {
        const Entry *e = &m->entry[k];
        put(o, "%-10s %8d %14.0f %14zu %14zu\n", entry_name[k], e->region.n, flops_of_entry(e),
            e->scratch, e->bound);
    }
    put(o, "\n%zu bytes in all, %zu of them tensors in the table\n", m->size,
        lasting_bytes(m));
    report_saving(o, m);
}
