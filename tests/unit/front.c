/* The parser: what binds to what, where statements end, what messages point at. */
#include "ast.h"
#include "out.h"
#include "str.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;

static void begin(void) { arena = new_arena(); }

TestSuite(front, .init = begin);

static Program *parsed(const char *text)
{
    Program *p = NEW(arena, Program);
    Source *s = NEW(arena, Source);
    *s = (Source){"t", text, (int)strlen(text)};
    parse(p, s, arena);
    return p;
}

static char *messages(void)
{
    char *text = NULL;
    size_t size;
    FILE *screen = stderr;
    stderr = open_memstream(&text, &size);
    print_messages();
    fclose(stderr);
    stderr = screen;
    return text;
}

static void expect_equal(const char *got, const char *want, const char *about)
{
    cr_expect_str_eq(got, want, "%s\ngives\n%s\nnot\n%s", about, got, want);
}

/* ---- Precedence ---- */

/* Every node in brackets of its own, unlike print_syn. */
static void put_tree(Out *o, const Syn *s)
{
    static const char *const oper[] = {
        [OPER_ADD] = "+", [OPER_SUB] = "-", [OPER_MUL] = "*",   [OPER_DIV] = "/",
        [OPER_MOD] = "%", [OPER_POW] = "^", [OPER_NEG] = "-",   [OPER_EQ] = "==",
        [OPER_NE] = "!=", [OPER_LT] = "<",  [OPER_LE] = "<=",   [OPER_GT] = ">",
        [OPER_GE] = ">=", [OPER_OR] = "or", [OPER_AND] = "and", [OPER_NOT] = "not"};
    switch (s->kind) {
    case SYN_REDUCE:
        put(o, "<%s %s:", s->name, s->binders.at[0].name);
        put_tree(o, s->a);
        put(o, ">");
        break;
    case SYN_UNARY:
        put(o, "<%s ", oper[s->oper]);
        put_tree(o, s->a);
        put(o, ">");
        break;
    case SYN_BINARY:
        put(o, "<");
        put_tree(o, s->a);
        put(o, "%s", oper[s->oper]);
        put_tree(o, s->b);
        put(o, ">");
        break;
    case SYN_IF:
        put(o, "<if ");
        put_tree(o, s->a);
        put(o, ", ");
        put_tree(o, s->b);
        put(o, ", ");
        put_tree(o, s->c);
        put(o, ">");
        break;
    default:
        print_syn(o, s);
    }
}

static const char *tree(const char *expression)
{
    Program *p = parsed(format(arena, "fn f(x) = %s\n", expression));
    cr_assert_eq(error_count(), 0, "%s\n%s", expression, messages());
    Out o = new_out(arena);
    put_tree(&o, p->defs.at[0]->value);
    return o.text;
}

Test(front, precedence)
{
    static const struct {
        const char *expression, *tree;
    } row[] = {
        {"a - b - c", "<<a-b>-c>"},
        {"a - b * c", "<a-<b*c>>"},
        {"a / b * c", "<<a/b>*c>"},
        {"a % b + c", "<<a%b>+c>"},
        {"a ^ b ^ c", "<a^<b^c>>"},
        {"-x^2", "<- <x^2>>"},
        {"-a * b", "<<- a>*b>"},
        {"a * -b * c", "<<a*<- b>>*c>"},
        {"2^-x", "<2^<- x>>"},
        {"a - -b", "<a-<- b>>"},
        {"a or b and not c", "<aor<band<not c>>>"},
        {"not a == b", "<not <a==b>>"},
        {"a + b < c * d", "<<a+b><<c*d>>"},
        {"a < b and b < c", "<<a<b>and<b<c>>"},
        {"if a then b else c + d", "<if a, b, <c+d>>"},
        {"1 + if a then b else c + d", "<1+<if a, b, <c+d>>>"},
        {"if a then b else if c then d else e", "<if a, b, <if c, d, e>>"},
        {"sum(i) a * b + c", "<<sum i:<a*b>>+c>"},
        {"c + sum(i) a * b", "<c+<sum i:<a*b>>>"},
        {"sum(i) a / b ^ 2 - c", "<<sum i:<a/<b^2>>>-c>"},
        {"a * sum(i) b * c + d", "<<a*<sum i:<b*c>>>+d>"},
        {"a / sum(i) b", "<a/<sum i:b>>"},
        {"-sum(i) a * b", "<- <sum i:<a*b>>>"},
        {"sum(i) a == b", "<<sum i:a>==b>"},
        {"sum(i) sum(j) a * b + c", "<<sum i:<sum j:<a*b>>>+c>"},
        {"sum(i) (a + b)", "<sum i:<a+b>>"},
        {"sum(i) if a then b else c + d", "<sum i:<if a, b, <c+d>>>"},
        {"sum(i) not a", "<sum i:<not a>>"},
        {"max(a, b) - c", "<max(a, b)-c>"},
        {"max(a, b) * c", "<max(a, b)*c>"},
        {"mean(i) max(a, b)", "<mean i:max(a, b)>"},
        {"max(i, j < 3) 2", "<max i:2>"},
        {"mean * mean[i]", "<mean*mean[i]>"},
        {"argmax(z) == digit", "<argmax(z)==digit>"},
        {"a.b.c[i, ... | -1] * pi", "<a.b.c[i, ... | -1]*pi>"},
        {"f(x, y = -inf)(", NULL},
    };
    for (size_t i = 0; row[i].tree; i++)
        expect_equal(tree(row[i].expression), row[i].tree, row[i].expression);
}

/* What is printed means the same, although it has no needless parentheses. */
Test(front, parentheses)
{
    static const char *const row[] = {
        "(a + b) * c",
        "a - (b - c)",
        "(a^b)^c",
        "(-a)^2",
        "-(a * b)",
        "-(-a)",
        "(sum(i) a) * b",
        "(sum(i) a) + b",
        "sum(i) (-a)",
        "sum(i) (-a * b)",
        "sum(i) (-2)",
        "(if a then b else c) + d",
        "if (if a then b else c) then d else e",
        "if a then (if b then c else d) else e",
        "(a == b) == c",
        "not (a and b)",
        "(not a) == b",
        "(a or b) and c",
        "a * (b * c)",
        "a / (b % c)",
        "2^(-x)",
        "sum(i) (if a then b else c)",
        "sum(i) (a^b)",
        "sum(i) (-a)^b",
        "max(i < (if a then b else c)) x",
        "(sum(i) a)^2",
        "f((a, b)",
    };
    for (int i = 0; strcmp(row[i], "f((a, b)"); i++) {
        Program *p = parsed(format(arena, "fn f(x) = %s\n", row[i]));
        Out o = new_out(arena);
        print_syn(&o, p->defs.at[0]->value);
        expect_equal(tree(o.text), tree(row[i]), row[i]);
    }
}

/* ---- Statements ---- */

static const char *printed(const char *text)
{
    Program *p = parsed(text);
    cr_assert_eq(error_count(), 0, "%s\n%s", text, messages());
    Out o = new_out(arena);
    print_program(&o, p);
    return o.text;
}

Test(front, newlines)
{
    static const char want[] = "model m {\n  x = a + b\n  y = c\n}\n";
    static const char *const row[] = {
        "model m { x = a + b\n y = c }\n",
        "model m\n{\n\n\n x = a +\n b\n\n\n y = c\n}\n",
        "model m {\n x = a\n + b\n y\n = c\n}",
        "model m {\n x =\n # a comment between\n a + b\n\n y = (\n\n c)\n}",
        "model m(\n) {\r\n x = a # +\r\n + b # -\r\n y = c\r\n}\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        expect_equal(printed(row[i]), want, row[i]);

    expect_equal(
        printed("model m { train { a = 1 b = f(c = 2) d = 3\n optimizer = g(1)\n} }\n"),
        "model m {\n  train {\n    a = 1\n    b = f(c = 2)\n    d = 3\n"
        "    optimizer = g(1)\n  }\n}\n",
        "settings in a line");
    expect_equal(
        printed("fn f(x) = if x\n then 1\n else 2\n derivative\n 0\nfn g(x) = -1\n"),
        "fn f(x) = if x then 1 else 2 derivative 0\n\nfn g(x) = -1\n",
        "definitions without braces");
    expect_equal(printed(""), "", "an empty file");
}

/* A condition in brackets is a choice; a name keeps its quotes where it needs them. */
Test(front, claims_and_quotes)
{
    expect_equal(printed("fn f(x, 'y', 'if') = [x == y] * [x < 'if']\n"),
                 "fn f(x, y, 'if') = (if x == y then 1 else 0) * (if x < 'if' then 1 else 0)\n",
                 "claims");
}

Test(front, everything)
{
    static const char text[] =
        "use \"a/b.nn\"\n\n"
        "## What it is.\n##\n## And more.\n"
        "layer l(x[..., 2 * N], t : index < N, k = 1) -> y[..., N] : index < 3 {\n"
        "  ## The weights.\n"
        "  param W[N] = normal(0, 0.5)\n"
        "  state s = 0\n"
        "  s := s + 1\n"
        "  y[..., i] = W[i] * param + x[..., (i + 1) % N | 0]\n"
        "}\n\n"
        "model m {\n"
        "  input b[8] : byte\n"
        "  repeat 3 {\n"
        "    z = l(b, sum(i, j < 3, ...) b[i])\n"
        "  }\n"
        "  loss z.W\n"
        "  metric a = argmax(z) == 1\n"
        "  output z\n"
        "  output q = -z\n"
        "  'dL/dz.W'[o] = 'a b' - '2'[o]\n"
        "}\n\n"
        "optimizer o(lr = 0.01) {\n"
        "  param := param - lr * grad\n"
        "}\n\n"
        "schedule c(total) = step / total\n\n"
        "fn mean(x) = x\n";
    expect_equal(printed(text), text, "a program of everything");
}

Test(front, docs)
{
    Program *p = parsed("## Not this.\n\n## The\n##   two.\nfn f(x) = 1 ## nor this\n"
                        "#### nor that\nfn g(x) = 1\n"
                        "model m {\n  ## W\n  param W = 1\n  param b = 1\n}\n");
    cr_expect_str_eq(p->defs.at[0]->doc, "The\n  two.");
    cr_expect_null(p->defs.at[1]->doc);
    cr_expect_str_eq(p->defs.at[2]->body.at[0]->decl.doc, "W");
    cr_expect_null(p->defs.at[2]->body.at[1]->decl.doc);
}

static const char *at(Span s)
{
    return format(arena, "%.*s", s.end - s.start, s.source->text + s.start);
}

Test(front, spans)
{
    Program *p = parsed("model m {\n  x[i] = (a + b[i | 0]) * f(c, d = 3)\n"
                        "  param W[3] : byte = sum(j < 2) -1\n}\n");
    const Stmt *s = p->defs.at[0]->body.at[0], *d = p->defs.at[0]->body.at[1];
    cr_expect_str_eq(at(p->defs.at[0]->span), "model m");
    cr_expect_str_eq(at(s->span), "x[i] = (a + b[i | 0]) * f(c, d = 3)");
    cr_expect_str_eq(at(s->name_span), "x");
    cr_expect_str_eq(at(s->value->a->span), "(a + b[i | 0])");
    cr_expect_str_eq(at(s->value->a->b->span), "b[i | 0]");
    cr_expect_str_eq(at(s->value->b->span), "f(c, d = 3)");
    cr_expect_str_eq(at(s->value->b->args.at[1].span), "d = 3");
    cr_expect_str_eq(at(d->span), "param W[3] : byte = sum(j < 2) -1");
    cr_expect_str_eq(at(d->decl.type.span), "byte");
}

/* ---- Messages ---- */

/* A line of a model, what is underlined, what is said. */
static void expect_message(const char *line, const char *underline, const char *message)
{
    forget_messages();
    parsed(format(arena, "model m {\n%s\n}\n", line));
    const char *want = format(arena, "t:2:%d: error: %s\n    2 | %s\n      | %s\n",
                              (int)strspn(underline, " ") + 1, message, line, underline);
    expect_equal(messages(), want, line);
}

Test(front, messages)
{
    static const char *const row[][3] = {
        {"a = b c", "      ^", "expected the end of the line, found 'c'"},
        {"a = f(b c)", "        ^", "expected ',' or ')', found 'c'"},
        {"a = b +", "       ^", "expected an expression, found the end of the line"},
        {"a = b]", "     ^", "expected the end of the line, found ']'"},
        {"a = if b = c then d else e", "         ^",
         "expected 'then', found '='; to compare, write '=='"},
        {"a = if b then c", "               ^",
         "expected 'else', found the end of the line"},
        {"a = b < c < d", "          ^",
         "comparisons cannot be chained: write 'a < b and b < c'"},
        {"a = f(x)[3]", "        ^",
         "only a name takes indices: give this a name in a line of its own"},
        {"a = ...", "    ^~~", "'...' stands for leading indices and has its place in [ ]"},
        {"a = f(...)", "      ^~~",
         "'...' has its place among indices, not among arguments"},
        {"pi = 3", "^~", "'pi' is a constant and cannot be a name"},
        {"input loss[3]", "      ^~~~", "'loss' is a keyword and cannot be a name"},
        {"parm W[3] = 1", "^~~~", "unknown keyword 'parm'; did you mean 'param'?"},
        {"trian { batch = 3 }", "^~~~~", "unknown keyword 'trian'; did you mean 'train'?"},
        {"f(x)", " ^", "expected '=' or ':=', found '('"},
        {"metric f(x)", "        ^", "expected '=', found '('"},
        {"input x : int", "          ^~~",
         "unknown type 'int': expected 'real', 'byte' or 'index < N'"},
        {"input x : index", "          ^~~~~",
         "an index needs a limit: write 'index < 10'"},
        {"a = sum(i + 1) x", "        ^~~~~",
         "expected an index such as 'i' or 'i < 10' for 'sum'"},
        {"a = sum() x", "       ^~", "'sum' needs an index to run over"},
        {"a = b && c", "      ^~", "'&&' is not used here: write 'and'"},
        {"a = b; # c", "     ^", "';' is not used here: a statement ends with its line"},
        {"a = 3x", "    ^~", "'3x' is neither a number nor a name"},
        {"a = .5", "    ^~", "a number begins with a digit: write '0.5'"},
        {"a = 1e999", "    ^~~~~", "'1e999' is outside the range of double precision"},
        {"a = b \xc3\x97 c", "      ^", "unknown character '\xc3\x97'"},
        {"train { batch = }", "                ^", "expected an expression, found '}'"},
        {"train { batch 3 }", "              ^", "expected '=', found '3'"},
        {"repeat 3 a = b", "         ^", "expected '{', found 'a'"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        expect_message(row[i][0], row[i][1], row[i][2]);
}

Test(front, open_bracket)
{
    parsed("model m {\n  a = f(b,\n    g(c)\n  d = e\n}\n");
    expect_equal(messages(),
                 "t:4:3: error: expected ',' or ')', found 'd'\n"
                 "    4 |   d = e\n"
                 "      |   ^\n"
                 "t:2:8: note: '(' is not closed\n"
                 "    2 |   a = f(b,\n"
                 "      |        ^\n",
                 "a parenthesis that is not closed");
    forget_messages();
    parsed("model m {\n  a = b\n\nfn f(x) = x\n");
    expect_equal(messages(),
                 "t:4:1: error: expected '}' before 'fn'\n"
                 "    4 | fn f(x) = x\n"
                 "      | ^~\n"
                 "t:1:9: note: '{' is not closed\n"
                 "    1 | model m {\n"
                 "      |         ^\n",
                 "a brace that is not closed");
}

/* An error costs the statement it is in, and nothing else. */
Test(front, recovery)
{
    Program *p =
        parsed("model a {\n  x = )\n  y = 1\n  repeat 2 2 {\n    z = (\n  }\n  w = 2\n}\n"
               "fn f(x = ) = 1\n"
               "fn g(x) = 1\n");
    cr_expect_eq(error_count(), 4, "%s", messages());
    cr_assert_eq(p->defs.n, 2);
    cr_expect_eq(p->defs.at[0]->body.n, 2);
    cr_expect_str_eq(p->defs.at[0]->body.at[1]->name, "w");
    cr_expect_str_eq(p->defs.at[1]->name, "g");
}

/* ---- Hostile sources ---- */

static const char *repeated(const char *head, const char *part, int n)
{
    size_t h = strlen(head), k = strlen(part);
    char *text = NEWN(arena, char, h + k * (size_t)n + 2);
    memcpy(text, head, h);
    for (int i = 0; i < n; i++)
        memcpy(text + h + k * (size_t)i, part, k);
    text[h + k * (size_t)n] = '\n';
    return text;
}

Test(front, nesting, .timeout = 60)
{
    static const char *const part[] = {"(",
                                       "-",
                                       "a + ",
                                       "if ",
                                       "x[",
                                       "f(",
                                       "a^",
                                       "not ",
                                       "sum(i) ",
                                       "a.b+",
                                       ".b",
                                       "{",
                                       "if a then b else ",
                                       "}",
                                       "@ ",
                                       "a ",
                                       ")\n",
                                       "\""};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        forget_messages();
        parsed(repeated("model m {\nx = a", part[i], 200000));
        cr_expect_gt(error_count(), 0, "%s", part[i]);
        cr_expect_leq(error_count(), 102, "%s", part[i]);
    }
}

Test(front, bytes)
{
    for (int c = 0; c < 256; c++) {
        char text[] = {'m', ' ', (char)c, '=', (char)c, '\n', 0};
        Source s = {"t", text, sizeof text - 1};
        Program p = {0};
        forget_messages();
        parse(&p, &s, arena);
        bool nothing = c == '#';
        cr_expect(error_count() > 0 || nothing, "byte %d", c);
        for (const char *m = messages(); *m; m++)
            cr_assert(*m == '\n' || *m == '\t' || (unsigned char)*m >= ' ',
                      "byte %d goes to the terminal", c);
    }
}

/* ---- gradc fmt ---- */

static const char *formatted(const char *text)
{
    Source s = {"t", text, (int)strlen(text)};
    Out o = new_out(arena);
    print_formatted(&o, &s);
    return o.text;
}

Test(front, format)
{
    static const char *const row[][2] = {
        {"fn   f( x,y=3 )=x*y  +-1", "fn f(x, y = 3) = x*y + -1\n"},
        {"fn f(x) = a* b - c-d", "fn f(x) = a * b - c-d\n"},
        {"fn f(x) = x [i|0]+sum( i )(y)", "fn f(x) = x[i | 0]+sum(i) (y)\n"},
        {"fn f(x) = if(x)then-1 else not(y)", "fn f(x) = if (x) then -1 else not (y)\n"},
        {"model m{\nx=1\n\n\n\ny   = 2   # two\n}",
         "model m {\n  x = 1\n\n  y   = 2   # two\n}\n"},
        {"model m {\n\n\t  # a\n\tx = f(a,\n\t      b)\n\n}\n",
         "model m {\n  # a\n  x = f(a,\n        b)\n}\n"},
        {"\n\n# a\n\n\n# b\nfn f(x) =\nx\n\n\n", "# a\n\n# b\nfn f(x) =\n  x\n"},
        {"model m { train { a = 1   b = 2 optimizer = f() } }",
         "model m { train { a = 1   b = 2 optimizer = f() } }\n"},
        {"layer l(x[ I ] : index<3)\n-> y {\n}\n",
         "layer l(x[I] : index < 3)\n  -> y {\n}\n"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        expect_equal(formatted(row[i][0]), row[i][1], row[i][0]);
        expect_equal(formatted(row[i][1]), row[i][1], row[i][1]);
    }
}
