/* The table of `gradc check`.
 *
 * At one point, drawn from a seed, every gradient is found in three ways: by the derived
 * equations, interpreted; by finite differences of the interpreted loss; and by the emitted
 * programs in double and single precision, which also give every output and, after one
 * step, every parameter and state. Errors are relative to
 *
 *   the greater of the two numbers, but at least an eighth of the tensor's greatest element
 * and a thousandth of the greatest of its section (gradients, values, what a step leaves), in
 * single precision a hundredth
 *
 * so that rounding in a number close to 0 is no error, and a wrong formula cannot hide: it
 * would have to be right to within a ten-billionth of the greatest gradient. Where a whole
 * tensor has gradients not much greater than that, the table says that they tell nothing.
 */
#include "check.h"

#include "differences.h"
#include "probe.h"
#include "sample.h"
#include "str.h"
#include "verdict.h"

#include <math.h>

enum { ELEMENTS = 64, FEW = 5 }; /* looked at per tensor at most; examples */
enum { STEPS = 10, NEXT = 4 };   /* updates planned, and which of them is checked */
static const double TOL = 1e-7, TOL64 = 1e-12, TOL32 = 1e-4;
static const double OWN = 1.0 / 8, OTHERS = 1e-3; /* scales: see above */
static const double OTHERS32 = 1e-2; /* 1e-4 of which is 8 times the last bit of a float */
static const double TELLING = 100;                /* times what would pass unnoticed */
static const double PATIENCE = 2e8, ENOUGH = 1e8; /* evaluations of nodes: some seconds */

/* The greatest error in a tensor, and where. */
typedef struct Worst {
    bool done;
    double error, want, got;
    int64_t at, compared, kinks;
} Worst;

typedef enum Section { GRADIENTS, VALUES, STEPPED, NSECTION } Section;

/* The point: somewhere; there but not training; where the program itself starts. */
typedef enum Kind { AT_POINT, AT_REST, AT_START } Kind;

typedef struct Row {
    Section section;
    const char *name;    /* in the table, and of the record in the probe's answer */
    const Tensor *value; /* whose value it is in the interpreter */
    const Tensor *by;    /* GRADIENTS: the parameter or input */
    double greatest;     /* GRADIENTS: of its elements */
    Worst differences, f64, f32;
    Ways ways; /* GRADIENTS: at its worst element */
    Verdict verdict;
} Row;

typedef struct Check {
    const Graph *g;
    const CheckOptions *o;
    Kind kind;
    Arena *arena;
    Out *out;
    Out complaints;
    Run run;
    const Tensor *loss;
    VEC(Row) row;
    double greatest[NSECTION];
    double tol;
    Answer f64, f32; /* of the programs */
} Check;

/* ---- Rows ---- */

static bool is_batched(const Tensor *t) { return t->rank > 0 && t->idx[0].batch; }

/* Elements that the examples given fill. */
static int64_t count(const Check *c, const Tensor *t)
{
    int64_t n = count_of(t->idx, t->rank);
    return is_batched(t) ? n / t->idx[0].extent * c->run.n : n;
}

static void add_row(Check *c, Section section, const char *name, const Tensor *value,
                    const Tensor *by)
{
    PUSH(c->arena, &c->row,
         (Row){.section = section, .name = name, .value = value, .by = by});
}

static void list_rows(Check *c)
{
    const Graph *g = c->g;
    for (int i = 0; i < g->root.n; i++) {
        const Root *r = &g->root.at[i];
        if (r->kind == ROOT_GRADIENT)
            add_row(c, GRADIENTS, intern_f("grad.%s", r->target->name), r->value,
                    r->target);
        if (r->kind == ROOT_LOSS || r->kind == ROOT_METRIC || r->kind == ROOT_OUTPUT)
            add_row(c, VALUES, r->name, r->value, NULL);
    }
    for (int i = 0; i < g->tensor.n; i++) {
        const Tensor *t = g->tensor.at[i];
        if (t->role == PARAM || t->role == STATE)
            add_row(c, STEPPED, t->name, t, NULL);
    }
}

static double magnitude(const Check *c, const Tensor *t)
{
    double most = 0;
    for (int64_t i = 0; i < count(c, t); i++) {
        double x = fabs((double)c->run.value[t->id][i]);
        most = isfinite(x) && x > most ? x : most;
    }
    return most;
}

static double scale(const Check *c, const Row *r, double others)
{
    return fmax(OWN * magnitude(c, r->value), others * c->greatest[r->section]);
}

static void measure_sections(Check *c, Section from, Section to)
{
    for (int s = from; s <= (int)to; s++)
        c->greatest[s] = 0;
    for (int i = 0; i < c->row.n; i++) {
        Section s = c->row.at[i].section;
        if (s >= from && s <= to)
            c->greatest[s] = fmax(c->greatest[s], magnitude(c, c->row.at[i].value));
    }
}

static void note_error(Worst *w, int64_t at, double want, double got, double least)
{
    double error = relative_error(want, got, least);
    if (!w->compared++ || error > w->error)
        w->error = error, w->at = at, w->want = want, w->got = got;
    w->done = true;
}

/* ---- Differences ---- */

struct Counting {
    double nodes;
};

static void count_node(Expr *e, void *context)
{
    (void)e;
    ((struct Counting *)context)->nodes++;
}

/* Evaluations of nodes that one run of the equations costs, at n examples. */
static double cost(const Graph *g, const bool *which, int n)
{
    double sum = 0;
    for (int i = 0; i < g->tensor.n; i++) {
        const Tensor *t = g->tensor.at[i];
        if (!t->body || (which && !which[i]))
            continue;
        struct Counting c = {0};
        walk(t->body, count_node, &c);
        for (int k = 0; k < t->nidx; k++)
            c.nodes *= t->idx[k].batch ? n : t->idx[k].extent;
        sum += c.nodes;
    }
    return sum;
}

/* How many elements of each tensor there is time for. */
static int64_t elements_to_try(const Check *c, const Differences *d, int tensors)
{
    double each = 16 * cost(c->g, d->which, c->run.n);
    double affordable = PATIENCE / (each * tensors + 1);
    return affordable > ELEMENTS ? ELEMENTS : affordable < 4 ? 4 : (int64_t)affordable;
}

/* All if they are few; else a sample, where a gradient of 0 gets a second draw: of a table
 * that is looked up most rows have none. */
static int64_t choose_element(const Check *c, const Row *r, int64_t k, int64_t tries,
                              int64_t n)
{
    if (n <= tries)
        return k;
    int64_t element = choose_below(c->o->seed, (int)(2 * k), n);
    if (c->run.value[r->value->id][element] == 0)
        element = choose_below(c->o->seed, (int)(2 * k + 1), n);
    return element;
}

static bool is_over(const Worst *w, double tol) { return w->done && !(w->error <= tol); }

/* The slope by one element, held against the derived one. Of the worst so far all is kept. */
static void compare_slope(Check *c, Row *r, const Differences *d, int64_t element,
                          double least, bool keep)
{
    double derived = (double)c->run.value[r->value->id][element];
    double error = r->differences.error;
    bool first = r->differences.compared == 0;
    Slope s = slope(d, element);
    if (s.kink) {
        r->differences.kinks++;
        return;
    }
    note_error(&r->differences, element, (double)s.value, derived, least);
    if (relative_error((double)s.value, derived, least) > c->tol)
        confirm(d, element, &s);
    if (keep || first || r->differences.error > error)
        r->ways = (Ways){.at = element,
                         .derived = derived,
                         .difference = (double)s.value,
                         .unsure = (double)s.error,
                         .differed = true};
}

/* Some elements, and the one at which the program is wrong if it is. */
static void compare_differences(Check *c, Row *r, int tensors)
{
    Differences d = begin_differences(&c->run, c->loss, r->by, c->arena);
    int64_t n = count(c, r->by), tries = elements_to_try(c, &d, tensors);
    double least = scale(c, r, OTHERS);
    r->greatest = magnitude(c, r->value);
    for (int64_t k = 0; k < n && k < tries; k++)
        compare_slope(c, r, &d, choose_element(c, r, k, tries, n), least, false);
    if (is_over(&r->f64, TOL64)) {
        Worst seen = r->differences;
        r->ways = (Ways){.at = r->f64.at, .derived = r->f64.want};
        compare_slope(c, r, &d, r->f64.at, least, true);
        if (n <= tries) /* then it was among them */
            r->differences.compared = seen.compared, r->differences.kinks = seen.kinks;
    }
    r->differences.done = true;
    end_differences(&d);
}

static void compare_all_differences(Check *c)
{
    int tensors = 0;
    for (int i = 0; i < c->row.n; i++)
        tensors += c->row.at[i].section == GRADIENTS;
    for (int i = 0; i < c->row.n; i++)
        if (c->row.at[i].section == GRADIENTS)
            compare_differences(c, &c->row.at[i], tensors);
}

/* ---- Emitted programs ---- */

/* Every tensor that is given; or only inputs, and the program starts from its own seed. */
static Records request(const Check *c, bool inputs_only)
{
    Records all = {0};
    for (int i = 0; i < c->g->tensor.n; i++) {
        const Tensor *t = c->g->tensor.at[i];
        if (t->role == EQUATION || (inputs_only && t->role != INPUT))
            continue;
        Record r = {t->name, count(c, t), NEWN(c->arena, double, count(c, t))};
        for (int64_t k = 0; k < r.count; k++)
            r.at[k] = (double)c->run.value[t->id][k];
        PUSH(c->arena, &all, r);
    }
    return all;
}

static void compare_record(Check *c, const Row *r, Worst *w, const Records *records,
                           double others)
{
    const Record *x = record_named(records, r->name);
    if (!x || x->count != count(c, r->value)) {
        put(&c->complaints, "the emitted program gives %s '%s'\n",
            x ? "a wrong number of elements for" : "no", r->name);
        return;
    }
    double least = scale(c, r, others);
    for (int64_t k = 0; k < x->count; k++)
        note_error(w, k, (double)c->run.value[r->value->id][k], x->at[k], least);
}

static void compare_records(Check *c, const Records *records, bool f64, Section from,
                            Section to)
{
    for (int i = 0; i < c->row.n; i++) {
        Row *r = &c->row.at[i];
        if (r->section >= from && r->section <= to)
            compare_record(c, r, f64 ? &r->f64 : &r->f32, records,
                           f64 ? OTHERS : OTHERS32);
    }
}

static Answer ask_program(Check *c, const char *program, const char *what)
{
    const Run *r = &c->run;
    double how[HOW] = {r->n, r->training, (double)r->step - 1, (double)r->seed,
                       (double)r->steps};
    Records sent = request(c, c->kind == AT_START);
    Answer a = ask(program, &sent, how, c->arena);
    if (a.wrong)
        put(&c->complaints, "the emitted %s program %s\n", what, a.wrong);
    return a;
}

static void ask_programs(Check *c)
{
    c->f64 = c->f32 = (Answer){.wrong = "there is none"};
    if (c->o->f64)
        c->f64 = ask_program(c, c->o->f64, "f64");
    if (c->o->f32)
        c->f32 = ask_program(c, c->o->f32, "f32");
}

/* The interpreter's values must be those of the point. */
static void compare_results(Check *c)
{
    if (!c->f64.wrong)
        compare_records(c, &c->f64.gradients, true, GRADIENTS, VALUES);
    if (!c->f32.wrong)
        compare_records(c, &c->f32.gradients, false, GRADIENTS, VALUES);
}

/* Afterwards its parameters have made a step. step() of a program always trains; at the start
 * what it makes of gradients that are rounding and nothing else says nothing. */
static void compare_step(Check *c)
{
    if (c->kind != AT_POINT || (!c->o->f64 && !c->o->f32))
        return;
    apply_updates(&c->run);
    measure_sections(c, STEPPED, STEPPED);
    if (!c->f64.wrong)
        compare_records(c, &c->f64.step, true, STEPPED, STEPPED);
    if (!c->f32.wrong)
        compare_records(c, &c->f32.step, false, STEPPED, STEPPED);
}

/* What the program has for the worst element, and the verdict. */
static void judge_all(Check *c)
{
    for (int i = 0; i < c->row.n; i++) {
        Row *r = &c->row.at[i];
        if (!r->differences.done)
            continue;
        const Record *x = c->f64.wrong ? NULL : record_named(&c->f64.gradients, r->name);
        r->ways.ran = x && x->count > r->ways.at;
        r->ways.emitted = r->ways.ran ? x->at[r->ways.at] : 0;
        if (!r->differences.compared)
            r->ways.derived = (double)c->run.value[r->value->id][r->ways.at];
        r->verdict = judge(&r->ways, scale(c, r, OTHERS), c->tol, TOL64);
    }
}

/* ---- The table ---- */

static const char *place(const Tensor *t, int64_t at, Arena *a)
{
    Out o = new_out(a);
    int64_t rest = count_of(t->idx, t->rank);
    for (int i = 0; i < t->rank; i++) {
        rest /= t->idx[i].extent;
        put(&o, "%s%lld", i ? ", " : "[", (long long)(at / rest));
        at %= rest;
    }
    put(&o, t->rank ? "]" : "");
    return o.text;
}

static const char *label(const Check *c, const Row *r)
{
    Out o = new_out(c->arena);
    put(&o, "%s", r->by ? r->by->name : r->name);
    for (int i = 0; i < r->value->rank; i++) {
        const Index *idx = &r->value->idx[i];
        put(&o, "%s%d", i ? ", " : "[", idx->batch ? c->run.n : idx->extent);
    }
    put(&o, r->value->rank ? "]" : "");
    return o.text;
}

static const char *shown(const Worst *w, Arena *a)
{
    if (!w->done)
        return "-";
    return w->error == 0 ? "0" : format(a, "%.1e", w->error);
}

static void print_row(Check *c, const Row *r, int width)
{
    const Worst *d = &r->differences;
    Out *o = c->out;
    put(o, "  %-*s", width, label(c, r));
    put(o, "  %9s  %9s", shown(&r->f64, c->arena), shown(&r->f32, c->arena));
    if (d->done) {
        put(o, "  %9s", d->compared ? shown(d, c->arena) : "-");
        put(o, "  %lld of %lld", (long long)d->compared, (long long)count(c, r->by));
        if (d->kinks)
            put(o, ", %lld at a kink", (long long)d->kinks);
        if (r->greatest < TELLING * c->tol * OTHERS * c->greatest[GRADIENTS])
            put(o, ", all next to 0: they tell nothing");
    }
    put(o, "\n");
}

static const char *number(bool there, double x, Arena *a)
{
    return there ? format(a, "%.10g", x) : "-";
}

static void print_ways(const Check *c, const Row *r, int width)
{
    const Ways *w = &r->ways;
    put(c->out, "  %-*s  %-17s  %-17s  %-17s  %s\n", width,
        format(c->arena, "%s%s", r->by->name, place(r->by, w->at, c->arena)),
        number(true, w->derived, c->arena), number(w->differed, w->difference, c->arena),
        number(w->ran, w->emitted, c->arena), verdict_name[r->verdict]);
}

/* Each gradient at its worst element. */
static void print_worst(const Check *c, int width)
{
    bool first = true;
    for (int i = 0; i < c->row.n; i++) {
        if (!c->row.at[i].differences.done)
            continue;
        if (first)
            put(c->out, "%-*s  %-17s  %-17s  %-17s  %s\n", width + 2, "worst element",
                "derived", "difference", "emitted", "verdict");
        first = false;
        print_ways(c, &c->row.at[i], width);
    }
}

static void print_table(Check *c)
{
    static const char *title[NSECTION] = {"gradient of", "value", "after a step"};
    int width = 12;
    for (int i = 0; i < c->row.n; i++) {
        int n = (int)strlen(label(c, &c->row.at[i]));
        width = n > width ? n : width;
    }
    for (int s = 0; s < NSECTION; s++) {
        bool first = true;
        for (int i = 0; i < c->row.n; i++) {
            const Row *r = &c->row.at[i];
            if ((int)r->section != s ||
                (!r->f64.done && !r->f32.done && !r->differences.done))
                continue;
            if (first)
                put(c->out, "%-*s  %9s  %9s%s\n", width + 2, title[s], "f64", "f32",
                    r->differences.done ? "  derived against differences" : "");
            first = false;
            print_row(c, r, width);
        }
        if (s == GRADIENTS)
            print_worst(c, width);
    }
}

/* ---- What is wrong ---- */

static void note_surrogate(Expr *e, void *found)
{
    if (e->op == OP_surrogate)
        *(bool *)found = true;
}

static const char *whose_fault(const Graph *g)
{
    bool by_hand = false;
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->body)
            walk(g->tensor.at[i]->body, note_surrogate, &by_hand);
    return by_hand ? "a derivative given by hand is wrong" : "the derivation is wrong";
}

static const char *reason(const Check *c, const Row *r)
{
    const Ways *w = &r->ways;
    if (r->verdict == DIFFERENCE_UNSURE)
        return "finite differences do not settle";
    if (r->verdict == ALL_APART)
        return "the emitted program gives a third number";
    if (r->verdict == DERIVED_WRONG && w->ran && is_over(&r->f64, TOL64))
        return "the emitted program agrees with the second, the interpreter is wrong";
    return whose_fault(c->g);
}

static void complain_of_derivative(Check *c, const Row *r)
{
    const Worst *d = &r->differences;
    Out *o = &c->complaints;
    if (d->compared == 0)
        put(o, "'%s': every element tried lies at a kink\n", r->by->name);
    if (!is_over(d, c->tol))
        return;
    put(o, "dL/d%s%s: derived %.17g, finite differences %.17g: %s\n", r->by->name,
        place(r->by, d->at, c->arena), d->got, d->want, reason(c, r));
}

static const char *reason_of_program(const Row *r, double tol)
{
    if (!r->differences.done)
        return "the emitted program is wrong";
    if (r->verdict == DERIVED_WRONG && is_over(&r->f64, TOL64))
        return "finite differences agree with the second, the interpreter is wrong";
    return is_over(&r->differences, tol)
               ? "finite differences agree with neither"
               : "finite differences agree with the first, the emitted program is wrong";
}

static void complain_of_program(Check *c, const Row *r, const Worst *w, const char *real,
                                double tol)
{
    if (!is_over(w, tol))
        return;
    put(&c->complaints, "%s%s%s: interpreted %.17g, emitted %s %.17g: %s\n",
        r->by ? "dL/d" : "", r->by ? r->by->name : r->name,
        place(r->value, w->at, c->arena), w->want, real, w->got,
        reason_of_program(r, c->tol));
}

static void complain(Check *c)
{
    for (int i = 0; i < c->row.n; i++) {
        const Row *r = &c->row.at[i];
        if (r->differences.done)
            complain_of_derivative(c, r);
        complain_of_program(c, r, &r->f64, "f64", TOL64);
        complain_of_program(c, r, &r->f32, "f32", TOL32);
    }
}

/* ---- The whole ---- */

static bool find_point(Check *c)
{
    if (c->kind == AT_START)
        return set_start(&c->run, c->loss);
    return set_point(&c->run, c->loss, c->o->seed);
}

/* Compare at n examples; with differences or only the programs. */
static void check_at(Check *c, Kind kind, int n, bool differences)
{
    static const char *const what[] = {"", ", not training", ", parameters as they start"};
    c->kind = kind;
    c->run = new_run(c->g, c->arena);
    c->run.n = n;
    c->run.step = kind == AT_START ? 1 : NEXT;
    c->run.steps = STEPS;
    c->run.training = kind != AT_REST;
    c->row.n = 0;
    list_rows(c);
    put(c->out, "%s# %d example%s%s\n", c->out->length ? "\n" : "", n, n == 1 ? "" : "s",
        what[kind]);
    if (!find_point(c)) {
        put(&c->complaints, "the loss is %g for random data: nothing to compare\n",
            (double)c->run.value[c->loss->id][0]);
        return;
    }
    measure_sections(c, GRADIENTS, VALUES);
    ask_programs(c);
    compare_results(c);
    if (differences) {
        compare_all_differences(c);
        judge_all(c);
    }
    compare_step(c);
    print_table(c);
    complain(c);
}

static const Tensor *find_loss(const Graph *g)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_LOSS)
            return g->root.at[i].value;
    return NULL;
}

static void look_for_training(Expr *e, void *context)
{
    bool *found = context;
    *found = *found || (e->op == OP_scalar && e->scalar == SCALAR_training);
}

static bool depends_on_training(const Graph *g)
{
    bool found = false;
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->body)
            walk(g->tensor.at[i]->body, look_for_training, &found);
    return found;
}

/* For those who want to know more than is printed. */
static void list_gradients(const Check *c, CheckedList *list)
{
    for (int i = 0; i < c->row.n; i++) {
        const Row *r = &c->row.at[i];
        if (!r->differences.done)
            continue;
        Checked x = {.name = r->by->name,
                     .place = intern(place(r->by, r->ways.at, c->arena)),
                     .ways = r->ways,
                     .verdict = verdict_name[r->verdict],
                     .tried = r->differences.compared,
                     .of = count(c, r->by),
                     .error = r->differences.error,
                     .f64 = r->f64.error,
                     .f32 = r->f32.error};
        PUSH(c->g->arena, list, x);
    }
}

bool check_graph(Out *table, const Graph *g, const CheckOptions *o, CheckedList *list)
{
    Check c = {.g = g, .o = o, .arena = new_arena(), .out = table, .loss = find_loss(g)};
    if (!c.loss) {
        put(table, "'%s' has no loss: there is nothing to differentiate\n", g->name);
        free_arena(c.arena);
        return true;
    }
    c.tol = o->tol > 0 ? o->tol : TOL;
    c.complaints = new_out(c.arena);
    int few = o->n ? o->n : FEW;
    few = few < g->batch ? few : g->batch;
    bool programs = o->f64 || o->f32;
    check_at(&c, AT_POINT, few, true);
    if (list)
        list_gradients(&c, list);
    if (few < g->batch && programs && cost(g, NULL, g->batch) < ENOUGH)
        check_at(&c, AT_POINT, g->batch, false);
    if (programs)
        check_at(&c, AT_START, few, false);
    if (depends_on_training(g))
        check_at(&c, AT_REST, few, true);
    bool good = c.complaints.length == 0;
    put(table, "%s%s", good ? "" : "\n", c.complaints.text);
    free_arena(c.arena);
    return good;
}
