/* Loops written here by hand become C that compilers accept without a warning, and that
 * computes what the loops say. */
#include "emit.h"
#include "str.h"
#include "text.h"
#include "value.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static Arena *a;

static void begin(void) { a = new_arena(); }
TestSuite(emit, .init = begin);

/* ---- Building loops ---- */

static Int *whole(int64_t c)
{
    Int *i = NEW(a, Int);
    i->c = c;
    return i;
}

static Int *plus(const Int *i, int64_t coef, IntTerm t)
{
    Int *sum = NEW(a, Int);
    IntTerm *term = NEWN(a, IntTerm, i->nterm + 1);
    for (int k = 0; k < i->nterm; k++)
        term[k] = i->term[k];
    t.coef = coef;
    term[i->nterm] = t;
    *sum = (Int){i->c, i->nterm + 1, term};
    return sum;
}

static const Var *var(const char *name)
{
    Var *v = NEW(a, Var);
    v->name = name;
    return v;
}

/* coef * name + c */
static Int *affine(int64_t coef, const char *name, int64_t c)
{
    return plus(whole(c), coef, (IntTerm){.kind = INT_VAR, .var = var(name)});
}

static Int *at(const char *name) { return affine(1, name, 0); }

static Val *value(Val v)
{
    Val *copy = NEW(a, Val);
    *copy = v;
    return copy;
}

static Val *number(double x) { return value((Val){.kind = VAL_CONST, .value = x}); }

static Val *op(Op o, const Val *x, const Val *y, const Val *z)
{
    bool vector = (x && x->vector) || (y && y->vector) || (z && z->vector);
    return value((Val){.kind = VAL_OP,
                       .op = o,
                       .result = opinfo[o].result,
                       .vector = vector,
                       .arg = {x, y, z}});
}

static const Reg *new_reg(const char *name, bool vector, ValueKind kind)
{
    Reg *r = NEW(a, Reg);
    *r = (Reg){name, vector, kind};
    return r;
}

static Val *reg(const Reg *r)
{
    return value((Val){.kind = VAL_REG, .vector = r->vector, .reg = r, .result = r->kind});
}

static Val *named(const char *name) { return reg(new_reg(name, false, REAL)); }

/* One element, or a vector from it on: stride 0 stands for one element. */
static Val *load(View *v, Int *i, Int *j, int64_t stride, int part)
{
    return value((Val){.kind = VAL_LOAD,
                       .view = v,
                       .sub = {i, j},
                       .vector = stride != 0,
                       .stride = stride,
                       .part = part});
}

static LoopStmt *statement(LoopStmt s)
{
    LoopStmt *copy = NEW(a, LoopStmt);
    *copy = s;
    return copy;
}

static LoopStmt *assign(LoopKind k, const Reg *r, const Val *v)
{
    return statement((LoopStmt){.kind = k, .reg = r, .val = v});
}

static LoopStmt *store(View *v, Int *i, Int *j, const Val *val, int64_t stride, int part)
{
    return statement((LoopStmt){.kind = LOOP_STORE,
                                .view = v,
                                .sub = {i, j},
                                .val = val,
                                .stride = stride,
                                .part = part});
}

static LoopStmt *loop(const char *name, Int *from, Int *to, int64_t step)
{
    return statement((LoopStmt){
        .kind = LOOP_FOR, .var = var(name), .from = from, .to = to, .step = step});
}

/* ---- Texts ---- */

static const char *text_of(const Val *v)
{
    Out o = new_out(a);
    put_value(&o, v, false, L_ANY);
    return o.text;
}

static const char *int_text(const Int *i, Level least)
{
    Out o = new_out(a);
    put_int(&o, i, least);
    return o.text;
}

static void expect(const char *got, const char *wanted)
{
    cr_expect(!strcmp(got, wanted), "'%s', not '%s'", got, wanted);
}

Test(emit, parentheses)
{
    Val *x = named("x"), *y = named("y"), *z = named("z");
    expect(text_of(op(OP_mul, op(OP_add, x, y, 0), z, 0)), "(x + y) * z");
    expect(text_of(op(OP_add, op(OP_mul, x, y, 0), z, 0)), "x * y + z");
    expect(text_of(op(OP_sub, op(OP_sub, x, y, 0), z, 0)), "x - y - z");
    expect(text_of(op(OP_sub, x, op(OP_sub, y, z, 0), 0)), "x - (y - z)");
    expect(text_of(op(OP_add, x, op(OP_add, y, z, 0), 0)), "x + (y + z)");
    expect(text_of(op(OP_div, x, op(OP_mul, y, z, 0), 0)), "x / (y * z)");
    expect(text_of(op(OP_neg, op(OP_add, x, y, 0), 0, 0)), "-(x + y)");
    expect(text_of(op(OP_neg, op(OP_neg, x, 0, 0), 0, 0)), "-(-x)");
    expect(text_of(op(OP_mul, op(OP_neg, x, 0, 0), number(-0.5), 0)), "-x * -0.5f");
    expect(text_of(op(OP_square, op(OP_sub, x, y, 0), 0, 0)), "(x - y) * (x - y)");
    expect(text_of(op(OP_exp, op(OP_sub, x, y, 0), 0, 0)), "gr_exp(x - y)");
    expect(text_of(op(OP_mul, op(OP_stop, op(OP_add, x, y, 0), 0, 0), z, 0)),
           "(x + y) * z");
    expect(text_of(op(OP_select, op(OP_lt, x, op(OP_add, y, z, 0), 0), x, number(0))),
           "gr_select(x < y + z, x, 0.0f)");
}

Test(emit, numbers)
{
    const struct {
        double value;
        const char *f32, *f64;
    } row[] = {
        {1, "1.0f", "1.0"},
        {0.1, "0.1f", "0.1"},
        {10, "10.0f", "10.0"},
        {1e9, "1e9f", "1e9"},
        {1e-5, "1e-5f", "1e-5"},
        {1.0 / 3, "0.33333334f", "0.3333333333333333"},
        {-2.5e20, "-2.5e20f", "-2.5e20"},
        {16777217, "16777216.0f", "16777217.0"},
        {-HUGE_VAL, "-INFINITY", "-INFINITY"},
        {1e300, "INFINITY", "1e300"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Out o = new_out(a);
        put_value(&o, number(row[i].value), true, L_ANY);
        expect(text_of(number(row[i].value)), row[i].f32);
        expect(o.text, row[i].f64);
    }
}

Test(emit, integers)
{
    IntTerm div = {.kind = INT_DIV, .of = affine(1, "k", 2), .by = 3};
    IntTerm mod = {.kind = INT_MOD, .of = affine(2, "k", 0), .by = 5};
    IntTerm clamp = {.kind = INT_CLAMP, .of = affine(1, "p", -1), .by = 8};
    expect(int_text(whole(0), L_ANY), "0");
    expect(int_text(affine(1, "i", 1), L_ANY), "i + 1");
    expect(int_text(affine(1, "i", -1), L_UNARY), "(i - 1)");
    expect(int_text(affine(-1, "i", 7), L_ANY), "7 - i");
    expect(int_text(affine(-2, "i", 0), L_ANY), "-2 * i");
    expect(int_text(plus(affine(-1, "i", -3), 1, (IntTerm){.var = var("j")}), L_ANY),
           "j - i - 3");
    expect(int_text(plus(whole(0), 4, div), L_ANY), "4 * ((k + 2) / 3)");
    expect(int_text(plus(at("i"), 1, mod), L_ANY), "i + 2 * k % 5");
    expect(int_text(plus(whole(0), 1, clamp), L_ANY), "gr_clamp(p - 1, 8)");
}

Test(emit, comments_stay_comments)
{
    Out o = new_out(a);
    put_comment(&o, "a */ b /* c");
    expect(o.text, "/* a * / b / * c */\n");
}

Test(emit, long_code_is_broken_at_spaces)
{
    Out o = new_out(a);
    char text[200];
    memset(text, 'x', sizeof text);
    for (int i = 9; i < 190; i += 10)
        text[i] = ' ';
    text[190] = 0;
    put_code(&o, text);
    for (const char *s = o.text, *end; *s; s = end + 1) {
        end = strchr(s, '\n');
        cr_expect(end - s <= 92);
    }
}

/* ---- A whole module ----
 *
 * y[batch, o] = sum(i) W[o, i] * x[batch, i] + bias[t[batch], o], 3 outputs, 21 inputs, by
 * vectors of 8 lanes, in parts over the batch; loss = the sum of max(y, 0)^2 by a loop of
 * scalars. */

enum { BATCH = 5, IN = 21, OUT = 3, LANES = 8 };

static Buffer *buffer(const char *name, Elem elem, bool batched, int n, int m,
                      size_t offset)
{
    Buffer *b = NEW(a, Buffer);
    *b = (Buffer){.name = name,
                  .c_name = name,
                  .elem = elem,
                  .rank = m   ? 2
                          : n ? 1
                              : 0,
                  .dim = {n, m},
                  .batched = batched,
                  .fixed = true,
                  .bytes = 4 * (size_t)(n ? n : 1) * (size_t)(m ? m : 1),
                  .offset = offset};
    return b;
}

static View *view(Region *r, Buffer *b, bool written)
{
    View *v = NEW(a, View);
    *v = (View){b, b->name, b->rank ? b->rank : 1, {b->dim[0], b->dim[1]}, written};
    if (!b->rank)
        v->dim[0] = 1;
    PUSH(a, &r->view, v);
    return v;
}

static Tensor *tensor(Graph *g, Role role, const char *name, Elem elem)
{
    Tensor *t = new_tensor(g, role, name, (Span){0});
    t->elem = elem;
    t->bound = elem == ELEM_INDEX ? 2 : 0;
    if (role == EQUATION)
        t->body = constant(g, 0);
    return t;
}

static void slot(Module *m, Tensor *t, RootKind root, Buffer *b)
{
    PUSH(a, &m->slot, (Slot){.tensor = t, .name = t->name, .root = root, .buffer = b});
}

static Region *region(Module *m, EntryKind k, const char *name, const Tensor *t)
{
    Region *r = NEW(a, Region);
    r->name = name;
    PUSH(a, &r->equation, t);
    r->result = t;
    PUSH(a, &m->entry[k].region, r);
    return r;
}

static void product(Region *r, Buffer *x, Buffer *W, Buffer *bias, Buffer *t, Buffer *y)
{
    View *xv = view(r, x, false), *Wv = view(r, W, false), *biasv = view(r, bias, false);
    View *tv = view(r, t, false), *yv = view(r, y, true);
    const Reg *acc = new_reg("acc", true, REAL);
    LoopStmt *b = loop("b", at("lo"), at("hi"), 1), *o = loop("o", whole(0), whole(OUT), 1);
    LoopStmt *i = loop("i", whole(0), whole(IN), LANES);
    Val *rest = op(OP_mul, load(Wv, at("o"), whole(16), 1, 5),
                   value((Val){.kind = VAL_KEEP,
                               .vector = true,
                               .part = 5,
                               .arg = {load(xv, at("b"), whole(16), 1, 5)}}),
                   0);
    Int *row = plus(whole(0), 1,
                    (IntTerm){.kind = INT_LOAD, .load = load(tv, at("b"), NULL, 0, 0)});
    PUSH(a, &i->body,
         assign(LOOP_SET, acc,
                op(OP_add, reg(acc),
                   op(OP_mul, load(Wv, at("o"), at("i"), 1, 0),
                      load(xv, at("b"), at("i"), 1, 0), 0),
                   0)));
    PUSH(a, &o->body,
         assign(LOOP_VAR, acc,
                value((Val){.kind = VAL_SPLAT, .vector = true, .arg = {number(0)}})));
    PUSH(a, &o->body, i);
    PUSH(a, &o->body, assign(LOOP_SET, acc, op(OP_add, reg(acc), rest, 0)));
    PUSH(a, &o->body,
         store(yv, at("b"), at("o"),
               op(OP_add,
                  value((Val){.kind = VAL_FOLD, .reduce = REDUCE_SUM, .arg = {reg(acc)}}),
                  load(biasv, row, at("o"), 0, 0), 0),
               1, 0));
    PUSH(a, &b->body, o);
    PUSH(a, &r->body, b);
    r->range = at("n");
    r->grain = 2;
    r->parallel = true;
}

static void squares(Region *r, Buffer *y, Buffer *loss)
{
    View *yv = view(r, y, false), *lossv = view(r, loss, true);
    const Reg *acc = new_reg("acc", false, REAL), *v = new_reg("v", false, REAL);
    LoopStmt *b = loop("b", whole(0), at("n"), 1), *o = loop("o", whole(0), whole(OUT), 1);
    PUSH(a, &o->body, assign(LOOP_LET, v, load(yv, at("b"), at("o"), 0, 0)));
    PUSH(a, &o->body,
         assign(LOOP_SET, acc,
                op(OP_add, reg(acc),
                   op(OP_select, op(OP_lt, number(0), reg(v), 0),
                      op(OP_square, reg(v), 0, 0), number(0)),
                   0)));
    PUSH(a, &b->body, o);
    PUSH(a, &r->body, assign(LOOP_VAR, acc, number(0)));
    PUSH(a, &r->body, b);
    PUSH(a, &r->body, store(lossv, whole(0), NULL, reg(acc), 1, 0));
}

static Module *module(void)
{
    static const Target machine = {"generic", "", 16, 16, ""};
    Graph *g = new_graph(a, "small");
    Tensor *x = tensor(g, INPUT, "x", ELEM_REAL), *t = tensor(g, INPUT, "t", ELEM_INDEX);
    Tensor *W = tensor(g, PARAM, "W", ELEM_REAL),
           *bias = tensor(g, PARAM, "bias", ELEM_REAL);
    Tensor *y = tensor(g, EQUATION, "y", ELEM_REAL),
           *loss = tensor(g, EQUATION, "loss", ELEM_REAL);
    Buffer *xb = buffer("x", ELEM_REAL, true, BATCH, IN, 128);
    Buffer *tb = buffer("t", ELEM_INDEX, true, BATCH, 0, 576);
    Buffer *Wb = buffer("W", ELEM_REAL, false, OUT, IN, 640);
    Buffer *bb = buffer("bias", ELEM_REAL, false, 2, OUT, 896);
    Buffer *yb = buffer("y", ELEM_REAL, true, BATCH, OUT, 960);
    Buffer *lb = buffer("loss", ELEM_REAL, false, 0, 0, 1024);
    Module *m = NEW(a, Module);
    *m = (Module){.graph = g, .target = &machine, .lanes = LANES, .size = 1088};
    g->batch = BATCH;
    slot(m, x, NROOT, xb);
    slot(m, t, NROOT, tb);
    slot(m, W, NROOT, Wb);
    slot(m, bias, NROOT, bb);
    slot(m, y, ROOT_OUTPUT, yb);
    slot(m, loss, ROOT_LOSS, lb);
    product(region(m, ENTRY_FORWARD, "forward_y", y), xb, Wb, bb, tb, yb);
    squares(region(m, ENTRY_FORWARD, "forward_loss", loss), yb, lb);
    return m;
}

static const char *folder(void)
{
    mkdir(SCRATCH, 0777);
    char *name = format(a, "%s/emit-XXXXXX", SCRATCH);
    cr_assert(mkdtemp(name));
    return name;
}

static void save(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fputs(text, f);
    fclose(f);
}

/* Both values as a plain C loop computes them, and as the emitted code does with one part
 * and with three; the last two examples are not given and stay as they are. */
static const char host[] =
    "#include \"small.h\"\n"
    "#include <stdio.h>\n"
    "static void run(void *pool, gr_work *work, void *block, int parts)\n"
    "{\n"
    "    (void)pool;\n"
    "    for (int i = parts; i-- > 0;) work(block, i, parts);\n"
    "}\n"
    "int main(void)\n"
    "{\n"
    "    static _Alignas(64) char block[SMALL_SIZE];\n"
    "    small_init(block, 3);\n"
    "    for (int i = 0; i < 5 * 21; i++) small_x(block)[i] = (float)(i % 7 - 3);\n"
    "    for (int i = 0; i < 3 * 21; i++) small_W(block)[i] = (float)(i % 5 - 2);\n"
    "    for (int i = 0; i < 6; i++) small_bias(block)[i] = (float)i;\n"
    "    for (int i = 0; i < 5; i++) small_t(block)[i] = i % 2;\n"
    "    float loss = 0, y[3][3];\n"
    "    for (int b = 0; b < 3; b++)\n"
    "        for (int o = 0; o < 3; o++) {\n"
    "            y[b][o] = small_bias(block)[3 * (b % 2) + o];\n"
    "            for (int i = 0; i < 21; i++)\n"
    "                y[b][o] += small_W(block)[21 * o + i] * small_x(block)[21 * b + i];\n"
    "            loss += y[b][o] > 0 ? y[b][o] * y[b][o] : 0;\n"
    "        }\n"
    "    for (int parts = 1; parts <= 3; parts += 2) {\n"
    "        gr_context *c = (gr_context *)block;\n"
    "        c->run = run;\n"
    "        c->parts = parts;\n"
    "        for (int i = 0; i < 15; i++) small_y(block)[i] = 99;\n"
    "        small_forward(block, 3);\n"
    "        for (int i = 0; i < 15; i++)\n"
    "            if (small_y(block)[i] != (i < 9 ? y[i / 3][i % 3] : 99)) return 1;\n"
    "        if (*small_loss(block) != loss) return 2;\n"
    "    }\n"
    "    return small_model.tensors == 6 && small_model.size == small_size() ? 0 : 3;\n"
    "}\n";

static void compile_and_run(const char *compiler, const char *flags)
{
    const char *dir = folder();
    Module *m = module();
    EmitOptions e = {.prefix = "small", .header = "small.h", .banner = "small: a test"};
    Out code = new_out(a), header = new_out(a);
    emit_c(&code, m, &e);
    emit_header(&header, m, &e);
    save(format(a, "%s/small.c", dir), code.text);
    save(format(a, "%s/small.h", dir), header.text);
    save(format(a, "%s/host.c", dir), host);
    char *command =
        format(a,
               "cd %s && %s -std=gnu11 -O1 %s -Wall -Wextra -Werror -I%s/runtime "
               "small.c host.c -o small -lm && ./small",
               dir, compiler, flags, SOURCE);
    int status = system(command);
    cr_expect(status == 0, "%d from %s\n%s", status, command, code.text);
}

Test(emit, clang_accepts_and_runs_a_module, .timeout = 60) { compile_and_run("clang", ""); }
Test(emit, gcc_accepts_and_runs_a_module, .timeout = 60)
{
    compile_and_run("gcc", "-mavx2");
}

Test(emit, the_header_is_cxx_too, .timeout = 60)
{
    const char *dir = folder();
    EmitOptions e = {.prefix = "small", .header = "small.h", .banner = "small: a test"};
    Out header = new_out(a);
    emit_header(&header, module(), &e);
    save(format(a, "%s/small.h", dir), header.text);
    cr_expect(system(format(a,
                            "cd %s && echo '#include \"small.h\"' | g++ -x c++ -std=c++11 "
                            "-Wall -Wextra -Werror -fsyntax-only -I%s/runtime -I. -",
                            dir, SOURCE)) == 0);
}
