/* MathML, which browsers show: a page with one formula a line. */
#include "facts.h"
#include "mathematics.h"
#include "notation.h"
#include "show.h"
#include "str.h"

#include <math.h>

static void put_word(Out *o, const char *word)
{
    put(o, "<mi>");
    put_xml(o, word);
    put(o, "</mi>");
}

static void put_real(Out *o, double x)
{
    put(o, x < 0 ? "<mo>-</mo><mn>" : "<mn>");
    if (isinf(x))
        put(o, "&#8734;");
    else
        put_number(o, fabs(x));
    put(o, "</mn>");
}

/* The reductions stand over their indices, see .reduction. */
static void put_function(Out *o, const char *word)
{
    bool sum = word == reduce_name[REDUCE_SUM], prod = word == reduce_name[REDUCE_PROD];
    if (sum || prod)
        put(o, "<mo>%s</mo>", sum ? "&#8721;" : "&#8719;");
    else
        put_word(o, word);
}

static void begin(Out *o, const Tensor *t)
{
    Derivative d = derivative_of(t);
    put(o, d.by ? "<msub><mrow>" : "");
    put(o,
        d.of ? "<mfrac><mrow><mo>&#8706;</mo><mi>L</mi></mrow><mrow><mo>&#8706;</mo>" : "");
    put(o, t->rank ? "<msub>" : "");
    put_word(o, d.of ? d.of : t->name);
}

static void end(Out *o, const Tensor *t)
{
    Derivative d = derivative_of(t);
    put(o, t->rank ? "</msub>" : "");
    put(o, d.of ? "</mrow></mfrac>" : "");
    if (d.by) {
        put(o, "<mo>|</mo></mrow>");
        put_word(o, d.by);
        put(o, "</msub>");
    }
}

#define INFIX(sign) "%1<mo>" sign "</mo>%2"

static const Notation mathml = {
    .form = {[OP_or] = {INFIX("or"), L_OR, {L_OR, L_AND}},
             [OP_and] = {INFIX("and"), L_AND, {L_AND, L_NOT}},
             [OP_not] = {"<mo>not</mo>%1", L_NOT, {L_NOT}},
             [OP_eq] = {INFIX("="), L_COMPARE, {L_SUM, L_SUM}},
             [OP_ne] = {INFIX("&#8800;"), L_COMPARE, {L_SUM, L_SUM}},
             [OP_lt] = {INFIX("&lt;"), L_COMPARE, {L_SUM, L_SUM}},
             [OP_le] = {INFIX("&#8804;"), L_COMPARE, {L_SUM, L_SUM}},
             [OP_add] = {INFIX("+"), L_SUM, {L_SUM, L_PRODUCT}},
             [OP_sub] = {INFIX("-"), L_SUM, {L_SUM, L_PRODUCT}},
             [OP_mul] = {INFIX("&#8290;"), L_PRODUCT, {L_PRODUCT, L_POWER}},
             [OP_div] = {"<mfrac><mrow>%1</mrow><mrow>%2</mrow></mfrac>",
                         L_POWER,
                         {L_IF, L_IF}},
             [OP_neg] = {"<mo>-</mo>%1", L_SIGN, {L_PRODUCT}},
             [OP_square] = {"<msup><mrow>%1</mrow><mn>2</mn></msup>", L_POWER, {L_ATOM}},
             [OP_pow] = {"<msup><mrow>%1</mrow><mrow>%2</mrow></msup>",
                         L_POWER,
                         {L_ATOM, L_IF}},
             [OP_sqrt] = {"<msqrt><mrow>%1</mrow></msqrt>", L_ATOM, {L_IF}},
             [OP_rsqrt] = {"<mfrac><mn>1</mn><msqrt><mrow>%1</mrow></msqrt></mfrac>",
                           L_POWER,
                           {L_IF}},
             [OP_exp] = {"<msup><mi>e</mi><mrow>%1</mrow></msup>", L_POWER, {L_IF}},
             [OP_abs] = {"<mo>|</mo>%1<mo>|</mo>", L_ATOM, {L_IF}},
             [OP_floor] = {"<mo>&#8970;</mo>%1<mo>&#8971;</mo>", L_ATOM, {L_IF}},
             [OP_real] = {"<mo>[</mo>%1<mo>]</mo>", L_ATOM, {L_IF}},
             [OP_select] = {"<mrow><mo>{</mo><mtable columnalign=\"left left\"><mtr><mtd>%2"
                            "</mtd><mtd><mtext>if&#160;</mtext>%1</mtd></mtr><mtr><mtd>%3"
                            "</mtd><mtd><mtext>else</mtext></mtd></mtr></mtable></mrow>",
                            L_IF,
                            {L_OR, L_IF, L_IF}}},
    .minus = {"<mo>-</mo>%1", L_SIGN, {L_SIGN}},
    .times = {INFIX("&#8290;"), L_PRODUCT, {L_PRODUCT, L_ATOM}},
    .quotient = {"<mo>&#8970;</mo>" INFIX("/") "<mo>&#8971;</mo>",
                 L_ATOM,
                 {L_SIGN, L_SIGN}},
    .remainder = {INFIX("mod"), L_PRODUCT, {L_SIGN, L_SIGN}},
    .floor = {"<mo>&#8970;</mo>" INFIX("/") "<mo>&#8971;</mo>", L_ATOM, {L_SIGN, L_SIGN}},
    .call = {"<mrow><mo>(</mo>", "<mo>,</mo>", "<mo>)</mo></mrow>"},
    .parentheses = {"<mrow><mo>(</mo>", "", "<mo>)</mo></mrow>"},
    .subscripts = {"<mrow>", "<mo>,</mo>", "</mrow>"},
    .indices = {"<mrow>", "<mo>,</mo>", "</mrow>"},
    .reduction = {"<mrow>", "<mo>,</mo>", "</mrow></munder>"},
    .before_reduction = "<munder>",
    .outside = "<mo>|</mo>",
    .equals = "<mo>=</mo>",
    .below = "<mo>&lt;</mo>",
    .examples = "n",
    .number = put_real,
    .word = put_word,
    .function = put_function,
    .begin = begin,
    .end = end,
};

void write_mathml(Out *o, const Tensor *t) { write_equation(o, &mathml, t); }

void show_mathml(Out *o, const Shown *s)
{
    const Graph *g = s->graph;
    bool *wanted = wanted_tensors(g, s->name, o->arena);
    put(o,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n"
        "<style>math { display: block math; text-align: left; margin: 0.8em 1em; } p { "
        "margin: 0 1em; "
        "color: gray; font: small sans-serif }</style>\n",
        g->name);
    for (int derived = 0; derived <= 1; derived++) {
        put(o, "<h2>%s</h2>\n", derived ? "Derived" : g->name);
        for (int i = 0; i < g->tensor.n; i++) {
            const Tensor *t = g->tensor.at[i];
            if (!wanted[i] || t->role != EQUATION || is_derived(t) != derived)
                continue;
            put(o, "<p>");
            put_xml(o, remark(t, o->arena));
            put(o, "</p>\n<math>");
            write_mathml(o, t);
            put(o, "</math>\n");
        }
    }
    put(o, "</html>\n");
}
