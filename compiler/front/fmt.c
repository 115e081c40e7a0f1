/* gradc fmt: the source again, tidied line by line.
 *
 * It works on tokens, so that nothing is lost, comments least of all. What a person decides
 * stays: where lines break, how far a continued line is set in, spaces that align `=` or
 * comments in columns, `2*pad` or `2 * pad`. The rest is put in order: two blanks per
 * block, one space elsewhere or none, one blank line at most. */
#include "ast.h"
#include "gradc.h"
#include "lex.h"
#include "out.h"

typedef VEC(Token) Line;

typedef struct Format {
    Out *out;
    Token last;                 /* before the line that is being printed, comments aside */
    int blocks;                 /* open { */
    int brackets;               /* open ( and [ */
    int old_indent, new_indent; /* of the statement */
    bool blank;                 /* a blank line is due */
} Format;

/* Columns count from 0; a tab goes to the next multiple of 8. */
static int column_of(Span s)
{
    int start = s.start, column = 0;
    while (start > 0 && s.source->text[start - 1] != '\n')
        start--;
    for (int i = start; i < s.start; i++)
        column = s.source->text[i] == '\t' ? column / 8 * 8 + 8 : column + 1;
    return column;
}

static int max(int a, int b) { return a > b ? a : b; }

/* Whether an operand can end here, so that a minus sign behind it is a difference. */
static bool ends_operand(int kind)
{
    return kind == TOKEN_NAME || kind == TOKEN_NUMBER || kind == TOKEN_CONSTANT ||
           kind == TOKEN_PARAM || kind == TOKEN_STATE || kind == TOKEN_RPAREN ||
           kind == TOKEN_RBRACKET;
}

static bool is_arithmetic(int kind)
{
    return kind == TOKEN_PLUS || kind == TOKEN_MINUS || kind == TOKEN_TIMES ||
           kind == TOKEN_SLASH || kind == TOKEN_PERCENT || kind == TOKEN_POW;
}

static bool opens(int kind) { return kind == TOKEN_LPAREN || kind == TOKEN_LBRACKET; }
static bool closes(int kind) { return kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET; }

/* The token before the i-th of a line. */
static int kind_before(const Format *f, const Line *l, int i)
{
    return i > 0 ? l->at[i - 1].kind : f->last.kind;
}

static bool is_sign(const Format *f, const Line *l, int i)
{
    return l->at[i].kind == TOKEN_MINUS && !ends_operand(kind_before(f, l, i));
}

static int gap_before(const Line *l, int i)
{
    return i > 0 && i < l->n ? l->at[i].span.start - l->at[i - 1].span.end : 0;
}

/* Around + - * / % ^ the writer decides, but for both sides at once. */
static bool is_spaced(const Line *l, int i)
{
    return gap_before(l, i) > 0 || gap_before(l, i + 1) > 0;
}

/* How many spaces belong before the i-th token of a line, i > 0. */
static int spaces_before(const Format *f, const Line *l, int i)
{
    int kind = l->at[i].kind, before = l->at[i - 1].kind;
    if (opens(before) || closes(kind) || kind == TOKEN_COMMA || kind == TOKEN_DOT ||
        before == TOKEN_DOT || is_sign(f, l, i - 1))
        return 0;
    if (kind == TOKEN_LBRACKET && ends_operand(before))
        return 0;
    if (kind == TOKEN_LPAREN && (before == TOKEN_NAME || before == TOKEN_REDUCER))
        return 0;
    if (is_arithmetic(before))
        return is_spaced(l, i - 1);
    if (is_arithmetic(kind) && !is_sign(f, l, i))
        return is_spaced(l, i);
    bool next_setting =
        ends_operand(before) && (kind == TOKEN_NAME || kind == TOKEN_OPTIMIZER);
    bool aligned = kind == TOKEN_ASSIGN || kind == TOKEN_UPDATE || next_setting;
    return aligned && f->brackets == 0 ? max(1, gap_before(l, i)) : 1;
}

static void print_token(Format *f, Token t)
{
    int n = t.span.end - t.span.start;
    const char *text = t.span.source->text + t.span.start;
    while (t.kind == COMMENT &&
           (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
        n--;
    put(f->out, "%.*s", n, text);
    f->brackets += opens(t.kind) - closes(t.kind);
    f->blocks += (t.kind == TOKEN_LBRACE) - (t.kind == TOKEN_RBRACE);
}

static bool is_continued(const Format *f, Token first)
{
    if (f->brackets > 0)
        return true;
    if (first.kind == TOKEN_LBRACE || f->last.kind == TOKEN_LBRACE || f->last.kind == 0)
        return false;
    return leaves_open(f->last.kind) || continues(first.kind);
}

/* A continued line keeps its distance from the first line of its statement. */
static int indentation(Format *f, Token first)
{
    int depth = 2 * (f->blocks - (first.kind == TOKEN_RBRACE)), old = column_of(first.span);
    if (is_continued(f, first))
        return f->new_indent + max(closes(first.kind) ? 0 : 2, old - f->old_indent);
    f->old_indent = old;
    f->new_indent = max(0, depth);
    return f->new_indent;
}

/* A comment behind code keeps its column, as counted from the first token of its line. */
static int spaces_before_comment(const Line *l, int start, int length)
{
    Span first = l->at[0].span, comment = l->at[l->n - 1].span;
    return max(1, column_of(comment) - column_of(first) - (length - start));
}

static void print_line(Format *f, const Line *l)
{
    Token first = l->at[0];
    if (f->blank && f->last.kind != TOKEN_LBRACE && first.kind != TOKEN_RBRACE)
        put(f->out, "\n");
    f->blank = false;
    put(f->out, "%*s", indentation(f, first), "");
    int start = (int)f->out->length;
    for (int i = 0; i < l->n; i++) {
        int spaces = 0;
        if (i > 0 && l->at[i].kind == COMMENT)
            spaces = spaces_before_comment(l, start, (int)f->out->length);
        else if (i > 0)
            spaces = spaces_before(f, l, i);
        put(f->out, "%*s", spaces, "");
        print_token(f, l->at[i]);
    }
    put(f->out, "\n");
    for (int i = 0; i < l->n; i++)
        if (l->at[i].kind != COMMENT)
            f->last = l->at[i];
}

void print_formatted(Out *o, const Source *source)
{
    Format f = {.out = o};
    Lexer lexer = {.source = source};
    Line line = {0};
    for (Token t = {.kind = NEWLINE}; t.kind != 0;) {
        t = scan(&lexer);
        if (t.kind != NEWLINE && t.kind != 0) {
            PUSH(o->arena, &line, t);
        } else if (line.n) {
            print_line(&f, &line);
            line.n = 0;
        } else {
            f.blank = o->length > 0;
        }
    }
}
