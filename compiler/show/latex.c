/* LaTeX: a document that compiles on its own. */
#include "facts.h"
#include "mathematics.h"
#include "notation.h"
#include "show.h"
#include "str.h"

#include <math.h>
#include <string.h>

static void put_escaped(Out *o, const char *text)
{
    for (; *text; text++) {
        if (strchr("_&%$#{}", *text))
            put(o, "\\%c", *text);
        else if (strchr("\\^~", *text))
            put(o, "\\char`\\%c{}", *text);
        else
            put(o, "%c", *text);
    }
}

static void put_word(Out *o, const char *word)
{
    put(o, word[0] && word[1] ? "\\mathit{" : "{");
    put_escaped(o, word);
    put(o, "}");
}

static void put_function(Out *o, const char *word)
{
    static const char *const known[] = {"exp",  "log",  "sin",  "cos", "tan",
                                        "sinh", "cosh", "tanh", "max", "min"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(word, known[i])) {
            put(o, "\\%s", word);
            return;
        }
    put(o, !strcmp(word, "sum")    ? "\\sum"
           : !strcmp(word, "prod") ? "\\prod"
                                   : "\\operatorname{");
    if (strcmp(word, "sum") && strcmp(word, "prod")) {
        put_escaped(o, word);
        put(o, "}");
    }
}

static void put_real(Out *o, double x)
{
    if (isinf(x))
        put(o, x < 0 ? "-\\infty" : "\\infty");
    else
        put_number(o, x);
}

static void begin(Out *o, const Tensor *t)
{
    Derivative d = derivative_of(t);
    put(o, d.of ? "\\frac{\\partial L}{\\partial " : "");
    put_word(o, d.of ? d.of : t->name);
}

static void end(Out *o, const Tensor *t)
{
    Derivative d = derivative_of(t);
    put(o, d.of ? "}" : "");
    if (d.by) {
        put(o, "\\Big|_{");
        put_word(o, d.by);
        put(o, "}");
    }
}

static const Notation latex = {
    .form = {[OP_or] = {"%1\\lor %2", L_OR, {L_OR, L_AND}},
             [OP_and] = {"%1\\land %2", L_AND, {L_AND, L_NOT}},
             [OP_not] = {"\\lnot %1", L_NOT, {L_NOT}},
             [OP_eq] = {"%1=%2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_ne] = {"%1\\neq %2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_lt] = {"%1<%2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_le] = {"%1\\leq %2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_add] = {"%1+%2", L_SUM, {L_SUM, L_PRODUCT}},
             [OP_sub] = {"%1-%2", L_SUM, {L_SUM, L_PRODUCT}},
             [OP_mul] = {"%1\\,%2", L_PRODUCT, {L_PRODUCT, L_POWER}},
             [OP_div] = {"\\frac{%1}{%2}", L_POWER, {L_IF, L_IF}},
             [OP_neg] = {"-%1", L_SIGN, {L_PRODUCT}},
             [OP_square] = {"{%1}^{2}", L_POWER, {L_ATOM}},
             [OP_pow] = {"{%1}^{%2}", L_POWER, {L_ATOM, L_IF}},
             [OP_sqrt] = {"\\sqrt{%1}", L_ATOM, {L_IF}},
             [OP_rsqrt] = {"\\frac{1}{\\sqrt{%1}}", L_POWER, {L_IF}},
             [OP_exp] = {"e^{%1}", L_POWER, {L_IF}},
             [OP_abs] = {"\\left|%1\\right|", L_ATOM, {L_IF}},
             [OP_floor] = {"\\left\\lfloor %1\\right\\rfloor", L_ATOM, {L_IF}},
             [OP_sigmoid] = {"\\sigma\\left(%1\\right)", L_ATOM, {L_IF}},
             [OP_real] = {"\\left[%1\\right]", L_ATOM, {L_IF}},
             [OP_select] = {"\\begin{cases}%2&\\text{if }%1\\\\%3&\\text{else}\\end{cases}",
                            L_IF,
                            {L_OR, L_IF, L_IF}}},
    .minus = {"-%1", L_SIGN, {L_SIGN}},
    .times = {"%1%2", L_PRODUCT, {L_PRODUCT, L_ATOM}},
    .quotient = {"\\lfloor %1/%2\\rfloor ", L_ATOM, {L_SIGN, L_SIGN}},
    .remainder = {"%1\\bmod %2", L_PRODUCT, {L_SIGN, L_SIGN}},
    .floor = {"\\lfloor %1/%2\\rfloor ", L_ATOM, {L_SIGN, L_SIGN}},
    .call = {"\\left(", ",", "\\right)"},
    .parentheses = {"\\left(", "", "\\right)"},
    .subscripts = {"_{", ",", "}"},
    .indices = {"_{", ",", "}"},
    .reduction = {"_{", ",", "} "},
    .outside = "\\,|\\,",
    .equals = " &= ",
    .below = "<",
    .examples = "n",
    .number = put_real,
    .word = put_word,
    .function = put_function,
    .begin = begin,
    .end = end,
};

static void put_tensor(Out *o, const Tensor *t)
{
    put(o, "  ");
    write_equation(o, &latex, t);
    put(o, " && \\text{\\scriptsize ");
    put_escaped(o, remark(t, o->arena));
    put(o, "}\\\\\n");
}

void write_latex(Out *o, const Tensor *t)
{
    Notation n = latex;
    n.equals = " = ";
    write_equation(o, &n, t);
}

void show_latex(Out *o, const Shown *s)
{
    const Graph *g = s->graph;
    bool *wanted = wanted_tensors(g, s->name, o->arena);
    put(o, "\\documentclass{article}\n"
           "\\usepackage[paperwidth=50cm,paperheight=40cm,margin=1.5cm]{geometry}\n"
           "\\usepackage{amsmath}\n"
           "\\allowdisplaybreaks\n"
           "\\begin{document}\n");
    for (int derived = 0; derived <= 1; derived++) {
        put(o, "\\section*{");
        put_escaped(o, derived ? "Derived" : g->name);
        put(o, "}\n\\begin{align*}\n");
        for (int i = 0; i < g->tensor.n; i++) {
            const Tensor *t = g->tensor.at[i];
            if (wanted[i] && t->role == EQUATION && is_derived(t) == derived)
                put_tensor(o, t);
        }
        put(o, "\\end{align*}\n");
    }
    put(o, "\\end{document}\n");
}
