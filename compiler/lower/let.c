/* From a graph of values to statements: what gets a register, and where.
 *
 * A value that is used once stands in the expression that uses it, as a person would write
 * it; one that is used more often, or that makes a line too long, gets a register in the
 * block where it is needed. What a loop does not change moves out of it: out of the loops
 * of a reduction everything, out of the loops over tiles what is scalar. */
#include "gen.h"

#include "str.h"

enum { LONG = 12 }; /* operands on a line */

void emit(Gen *g, LoopStmt s)
{
    LoopStmt *stmt = NEW(g->a, LoopStmt);
    *stmt = s;
    PUSH(g->a, &g->block[g->depth].body, stmt);
}

/* What moves out of open blocks is declared before all that is in them. */
const Reg *new_reg(Gen *g, const char *name, bool vector, ValueKind kind)
{
    Reg *r = NEW(g->a, Reg);
    Names *own = &g->block[g->depth].names, all = {.arena = g->a, .outer = own};
    for (int d = g->depth + 1; d < MAXDEPTH && g->block[d].id; d++) {
        add_names(&all, &g->block[d].names);
        add_names(&all, &g->block[d].below);
    }
    *r = (Reg){take_name(own, &all, name), vector, kind};
    return r;
}

void count_uses(Gen *g, Node *x)
{
    if (x->epoch != g->epoch) {
        x->epoch = g->epoch;
        x->uses = 0;
    }
    if (x->uses++)
        return;
    for (int i = 0; i < 3; i++)
        if (x->val.arg[i])
            count_uses(g, (Node *)x->val.arg[i]);
}

static bool has_register(const Gen *g, const Node *x)
{
    for (int d = 0; x->reg && d <= g->depth; d++)
        if (g->block[d].id == x->block)
            return true;
    return false;
}

static bool is_trivial(const Node *x)
{
    return x->val.kind == VAL_CONST || x->val.kind == VAL_REG;
}

/* The block that computes x once and for all. */
static int home_of(const Gen *g, const Node *x)
{
    if (is_trivial(x) || x->early || x->val.kind == VAL_SPLAT)
        return g->depth;
    if (g->depth > g->floor) {
        int d = x->val.vector && x->depth < g->floor ? g->floor : x->depth;
        return d < g->depth ? d : g->depth;
    }
    bool moves = !x->val.vector && x->val.kind != VAL_LOAD;
    return moves && x->depth < g->depth ? x->depth : g->depth;
}

/* "W", or "W_2" and "W_2_0" where the tile has several. */
static const char *name_of(const Gen *g, const Node *x)
{
    const Tiling *t = &g->tile;
    const char *name = x->name ? x->name : "t";
    if (t->row >= 0 && x->axes >> t->row & 1 && g->point[t->row].width > 1)
        name = intern_f("%s_%d", name, x->row);
    if (t->col >= 0 && x->axes >> t->col & 1 && g->point[t->col].width > 1)
        name = intern_f("%s_%d", name, x->col);
    if (t->lane >= 0 && t->lane != t->col && x->axes >> t->lane & 1 &&
        g->point[t->lane].width > 1)
        name = intern_f("%s_%d", name, x->turn);
    return name;
}

static Node *regs_node(Gen *g, Node *x)
{
    Node *r = NEW(g->a, Node);
    r->val = (Val){
        .kind = VAL_REG, .vector = x->val.vector, .result = x->val.result, .reg = x->reg};
    r->size = 1;
    r->depth = x->depth;
    return r;
}

/* x, whose operands are settled, in a register of the present block. */
static Node *in_register(Gen *g, Node *x, Node *settled, const char *name)
{
    x->reg = new_reg(g, name, x->val.vector, x->val.result);
    x->block = g->block[g->depth].id;
    emit(g, (LoopStmt){.kind = LOOP_LET, .reg = x->reg, .val = &settled->val});
    return regs_node(g, x);
}

static Node *settled_node(Gen *g, Node *x);

/* A product under a sum stays there: together they are one instruction. */
static bool is_fused(const Node *x, const Node *arg)
{
    return (x->val.op == OP_add || x->val.op == OP_sub) && arg->val.kind == VAL_OP &&
           arg->val.op == OP_mul;
}

static Node *settle_operands(Gen *g, Node *x)
{
    Node *copy = NEW(g->a, Node), *arg[3] = {0};
    *copy = *x;
    copy->size = 1;
    for (int i = 0; i < 3 && x->val.arg[i]; i++) {
        arg[i] = settled_node(g, (Node *)x->val.arg[i]);
        copy->size += arg[i]->size;
    }
    for (int i = 0; i < 3 && arg[i]; i++) {
        Node *from = (Node *)x->val.arg[i];
        if (copy->size > LONG && arg[i]->size > LONG / 3 && !is_fused(x, from) &&
            !has_register(g, from)) {
            copy->size -= arg[i]->size - 1;
            arg[i] = in_register(g, from, arg[i], name_of(g, from));
        }
        copy->val.arg[i] = &arg[i]->val;
    }
    return copy;
}

static Node *settled_node(Gen *g, Node *x)
{
    if (has_register(g, x))
        return regs_node(g, x);
    int here = g->depth;
    g->depth = home_of(g, x);
    Node *settled = settle_operands(g, x);
    bool shared = x->epoch == g->epoch && x->uses > 1;
    if (!is_trivial(x) && (g->depth < here || shared || x->early))
        settled = in_register(g, x, settled, name_of(g, x));
    g->depth = here;
    return settled;
}

const Val *settle(Gen *g, Node *x) { return &settled_node(g, x)->val; }
