/* Drives the grammar: decides which newlines end a statement, attaches doc comments, says
 * what was expected where the grammar balks, and finds the place to go on from.
 *
 * Recovery is by statements. The grammar drops what it had of the broken one and skips to
 * its END or, for a broken header, to its `{`; here the brackets left open in it are
 * forgotten, so that newlines count again. When the offending token begins a line, that
 * line is a statement of its own: the usual cause is a bracket missing in the line above.
 */
#include "parse.h"

#include "gradc.h"
#include "out.h"
#include "str.h"

#include <stdlib.h>

enum { MOST_ERRORS = 100 };

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* ---- Newlines and comments ---- */

static bool gave_up(Parser *p, Span at)
{
    if (!p->stopped && error_count() - p->errors >= MOST_ERRORS) {
        error(at, "too many errors: the rest of the file is not read");
        p->stopped = true;
    }
    return p->stopped;
}

static bool is_doc(Span s)
{
    const char *text = s.source->text + s.start;
    int n = s.end - s.start;
    return n >= 2 && text[1] == '#' && !(n > 2 && text[2] == '#');
}

static void add_doc_line(Out *doc, Span s)
{
    int start = s.start + 2, end = s.end;
    const char *text = s.source->text;
    start += start < end && text[start] == ' ';
    while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\r'))
        end--;
    put(doc, "%s%.*s", doc->length ? "\n" : "", end - start, text + start);
}

/* The next token that is no comment and no newline, with the ## lines that stand above it:
 * the last block of them, if blank lines divide several. */
static Token next_of_source(Parser *p)
{
    Out doc = {0};
    int newlines = 0;
    bool first = !p->last.kind;
    for (;;) {
        Token t = scan(&p->lexer);
        if (gave_up(p, t.span))
            t.kind = 0;
        if (t.kind == NEWLINE) {
            first = true;
            newlines++;
        } else if (t.kind == COMMENT) {
            bool begins = !doc.text || newlines > 1;
            if (first && is_doc(t.span)) {
                if (begins)
                    doc = new_out(p->arena);
                add_doc_line(&doc, t.span);
            }
            newlines = 0;
        } else {
            t.first = first;
            t.doc = doc.text;
            return t;
        }
    }
}

static int innermost(const Parser *p)
{
    return p->open.n ? p->open.at[p->open.n - 1].kind : 0;
}

/* In `train { }`, settings may share a line. */
static bool begins_setting(const Parser *p, Token t)
{
    return p->in_train && innermost(p) == TOKEN_LBRACE &&
           (t.kind == TOKEN_NAME || t.kind == TOKEN_OPTIMIZER) && is_next(&p->lexer, '=');
}

/* No operand looks like this, so a line that ends in an operator is at fault, not this one.
 */
static bool begins_statement(const Parser *p, Token t)
{
    if (!t.first)
        return false;
    if (t.kind == TOKEN_NAME)
        return is_next(&p->lexer, '=');
    return is_keyword(t.kind) && !continues(t.kind) && !leaves_open(t.kind) &&
           t.kind != TOKEN_PARAM && t.kind != TOKEN_STATE;
}

/* Nothing to end yet: at the start of a file or block, or after an END. */
static bool is_between_statements(const Parser *p)
{
    int last = p->last.kind;
    return last == 0 || last == TOKEN_END || last == TOKEN_LBRACE;
}

static bool ends_before(const Parser *p, Token t)
{
    if (is_between_statements(p))
        return false;
    if (t.kind == 0)
        return true;
    if (innermost(p) == TOKEN_LPAREN || innermost(p) == TOKEN_LBRACKET)
        return false;
    if (t.kind == TOKEN_RBRACE || begins_setting(p, t) || begins_statement(p, t))
        return true;
    return t.first && !continues(t.kind) && !leaves_open(p->last.kind);
}

static Span end_of_last(const Parser *p)
{
    return (Span){p->last.span.source, p->last.span.end, p->last.span.end};
}

static bool is_in_line(Token t) { return t.kind && !t.first; }

/* An END has the place of what it stands for: the end of the last line, or the token in
 * that line before which it had to end. */
static Token end_before(const Parser *p, Token t)
{
    Span at = is_in_line(t) ? t.span : end_of_last(p);
    return (Token){.kind = TOKEN_END, .span = at};
}

static Token next_token(Parser *p)
{
    if (!p->has_next)
        p->next = next_of_source(p);
    if (p->next.kind == 0 && p->last.kind)
        p->next.span = end_of_last(p);
    p->has_next = ends_before(p, p->next);
    return p->has_next ? end_before(p, p->next) : p->next;
}

/* ---- Messages ---- */

/* What can be expected, in the order in which it is said. An entry is left out when the
 * grammar accepts `unless` as well: a name is also an expression. */
static const struct Expected {
    int kind, unless;
    const char *words;
} expected[] = {
    {TOKEN_MODEL, 0, "a definition"},
    {TOKEN_LOSS, 0, "a statement"},
    {TOKEN_NUMBER, 0, "an expression"},
    {TOKEN_STRING, TOKEN_NUMBER, "the name of a file in quotes"},
    {TOKEN_NAME, TOKEN_NUMBER, "a name"},
    {TOKEN_ARROW, 0, NULL},
    {TOKEN_ASSIGN, 0, NULL},
    {TOKEN_UPDATE, 0, NULL},
    {TOKEN_THEN, 0, NULL},
    {TOKEN_ELSE, 0, NULL},
    {TOKEN_COLON, 0, NULL},
    {TOKEN_LPAREN, TOKEN_NUMBER, NULL},
    {TOKEN_LBRACKET, TOKEN_NUMBER, NULL},
    {TOKEN_LBRACE, 0, NULL},
    {TOKEN_COMMA, 0, NULL},
    {TOKEN_BAR, 0, NULL},
    {TOKEN_RPAREN, 0, NULL},
    {TOKEN_RBRACKET, 0, NULL},
    {TOKEN_RBRACE, 0, NULL},
    {TOKEN_END, 0, "the end of the line"},
};

static bool is_expected(Parser *p, const struct Expected *e)
{
    if (e->kind == TOKEN_NAME && accepts(p->lemon, TOKEN_LOSS))
        return false;
    return accepts(p->lemon, e->kind) && !(e->unless && accepts(p->lemon, e->unless));
}

/* "',' or ')'": everything the grammar could go on with, operators aside. */
static const char *expectation(Parser *p)
{
    int list[COUNT(expected)], n = 0;
    for (int i = 0; i < COUNT(expected); i++)
        if (is_expected(p, &expected[i]))
            list[n++] = i;
    if (n == 0)
        return "an operator";
    Out o = new_out(p->arena);
    for (int i = 0; i < n; i++) {
        const struct Expected *e = &expected[list[i]];
        put(&o, "%s", i == 0 ? "" : i == n - 1 ? " or " : ", ");
        put(&o, e->words ? "%s" : "'%s'", e->words ? e->words : spelling(e->kind));
    }
    return o.text;
}

static const char *quoted(const Parser *p, Span s)
{
    enum { LONGEST = 40 };
    int n = s.end - s.start;
    char *text = format(p->arena, "'%.*s%s'", n < LONGEST ? n : LONGEST,
                        s.source->text + s.start, n < LONGEST ? "" : "...");
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            *c = '?';
    return text;
}

static const char *description(const Parser *p, Token t)
{
    if (t.kind == 0 || (t.kind == TOKEN_END && p->next.kind == 0))
        return "the end of the file";
    if (t.kind == TOKEN_END && !is_in_line(p->next))
        return "the end of the line";
    return quoted(p, t.span);
}

static bool is_comparison(int kind)
{
    return kind == TOKEN_EQ || kind == TOKEN_NE || kind == TOKEN_LT || kind == TOKEN_LE ||
           kind == TOKEN_GT || kind == TOKEN_GE;
}

/* Mistakes that can be named, instead of what would have been grammatical. */
static const char *diagnosis(Parser *p, Token t)
{
    bool wants_name = accepts(p->lemon, TOKEN_NAME) && !accepts(p->lemon, TOKEN_NUMBER);
    bool wants_expression = accepts(p->lemon, TOKEN_NUMBER);
    if (wants_name && !is_between_statements(p) && is_keyword(t.kind))
        return format(p->arena, "%s is a keyword and cannot be a name", quoted(p, t.span));
    if (wants_name && t.kind == TOKEN_CONSTANT)
        return format(p->arena, "%s is a constant and cannot be a name", quoted(p, t.span));
    if (is_comparison(t.kind) && accepts(p->lemon, TOKEN_PLUS))
        return "comparisons cannot be chained: write 'a < b and b < c'";
    if (t.kind == TOKEN_ASSIGN && accepts(p->lemon, TOKEN_EQ))
        return format(p->arena, "expected %s, found '='; to compare, write '=='",
                      expectation(p));
    if (t.kind == TOKEN_LBRACKET && p->last.kind == TOKEN_RPAREN)
        return "only a name takes indices: give this a name in a line of its own";
    if (t.kind == TOKEN_DOTS && wants_expression)
        return "'...' stands for leading indices and has its place in [ ]";
    return NULL;
}

static bool closes(int kind, int bracket)
{
    return (bracket == TOKEN_LPAREN && kind == TOKEN_RPAREN) ||
           (bracket == TOKEN_LBRACKET && kind == TOKEN_RBRACKET) ||
           (bracket == TOKEN_LBRACE && kind == TOKEN_RBRACE);
}

static bool is_closing(int kind)
{
    return kind == TOKEN_RPAREN || kind == TOKEN_RBRACKET || kind == TOKEN_RBRACE;
}

/* A line that begins within ( ) or [ ], or a file that ends: a bracket was not closed. */
static void note_open_bracket(Parser *p, Token t)
{
    if (!p->open.n)
        return;
    Token open = p->open.at[p->open.n - 1];
    bool at_end = t.kind == 0 || (t.kind == TOKEN_END && p->next.kind == 0);
    bool astray = t.first || is_closing(t.kind);
    if (at_end || (open.kind != TOKEN_LBRACE && astray && !closes(t.kind, open.kind)))
        note(open.span, "'%s' is not closed", spelling(open.kind));
}

void unexpected(Parser *p, Token t)
{
    p->failed = true;
    if (t.kind == TOKEN_UNKNOWN)
        return;
    const char *text = diagnosis(p, t);
    if (!text)
        text = format(p->arena, "expected %s, found %s", expectation(p), description(p, t));
    error(t.span, "%s", text);
    note_open_bracket(p, t);
}

void too_deep(Parser *p)
{
    error(p->next.span, "too many levels of nesting");
    p->failed = p->stopped = true;
}

/* ---- Words that are nearly keywords ---- */

static const int definition_keywords[] = {
    TOKEN_MODEL, TOKEN_LAYER, TOKEN_FN, TOKEN_OPTIMIZER, TOKEN_SCHEDULE, TOKEN_USE,
};
static const int statement_keywords[] = {
    TOKEN_INPUT,  TOKEN_PARAM,  TOKEN_STATE,  TOKEN_LOSS,
    TOKEN_METRIC, TOKEN_OUTPUT, TOKEN_REPEAT, TOKEN_TRAIN,
};

static int nearest_keyword(const char *name, const int *kind, int n)
{
    const char *text[COUNT(statement_keywords)];
    for (int i = 0; i < n; i++)
        text[i] = spelling(kind[i]);
    const char *found = nearest(name, text, n);
    for (int i = 0; i < n; i++)
        if (text[i] == found)
            return kind[i];
    return 0;
}

/* A statement that begins with a name goes on with a sign: before a word, a number, a
 * string or a block the name must be a keyword. */
static bool stands_for_keyword(const Parser *p, Token t)
{
    if (t.kind != TOKEN_NAME || !is_between_statements(p))
        return false;
    return !p->open.n || is_word_next(&p->lexer) || is_next(&p->lexer, '{');
}

static Token corrected(Parser *p, Token t)
{
    if (!stands_for_keyword(p, t))
        return t;
    bool inside = p->open.n > 0;
    int kind =
        inside ? nearest_keyword(t.name, statement_keywords, COUNT(statement_keywords))
               : nearest_keyword(t.name, definition_keywords, COUNT(definition_keywords));
    if (!kind)
        return t;
    error(t.span, "unknown keyword '%s'; did you mean '%s'?", t.name, spelling(kind));
    t.kind = kind;
    return t;
}

/* ---- Feeding the grammar ---- */

static void track(Parser *p, Token t)
{
    if (t.kind == TOKEN_LBRACE) {
        p->in_train = p->last.kind == TOKEN_TRAIN;
        PUSH(p->arena, &p->open, t);
    } else if ((t.kind == TOKEN_LPAREN || t.kind == TOKEN_LBRACKET) && !p->skipping) {
        PUSH(p->arena, &p->open, t);
    } else if (closes(t.kind, innermost(p))) {
        p->open.n--;
        p->in_train &= t.kind != TOKEN_RBRACE;
    }
}

static void feed(Parser *p, Token t);

static void end_statement(Parser *p, Token before) { feed(p, end_before(p, before)); }

/* The grammar has given up the statement it was in; t is lost unless it is fed again. */
static void recover(Parser *p, Token t)
{
    while (p->open.n && innermost(p) != TOKEN_LBRACE)
        p->open.n--;
    if (!is_between_statements(p) && (t.first || t.kind == TOKEN_RBRACE)) {
        end_statement(p, t);
        feed(p, t);
        return;
    }
    p->skipping = t.kind != TOKEN_END && t.kind != TOKEN_LBRACE;
    if (t.kind == TOKEN_LBRACE)
        track(p, t);
    p->last = t;
}

/* A definition begins, but blocks are open: the `}` are missing. */
static void close_blocks(Parser *p, Token t)
{
    error(t.span, "expected '}' before '%s'", spelling(t.kind));
    note(p->open.at[p->open.n - 1].span, "'{' is not closed");
    for (int n = p->open.n; n > 0; n--) {
        feed(p, (Token){.kind = TOKEN_RBRACE, .span = t.span});
        end_statement(p, t);
    }
}

static bool begins_definition(const Parser *p, Token t)
{
    if (!is_between_statements(p) || (t.kind == TOKEN_OPTIMIZER && is_next(&p->lexer, '=')))
        return false;
    for (int i = 0; i < COUNT(definition_keywords); i++)
        if (t.kind == definition_keywords[i])
            return true;
    return false;
}

static void feed(Parser *p, Token t)
{
    t = corrected(p, t);
    if (p->open.n && begins_definition(p, t))
        close_blocks(p, t);
    p->failed = false;
    Parse(p->lemon, t.kind, t, p);
    if (p->stopped)
        return;
    if (p->failed) {
        recover(p, t);
        return;
    }
    if (t.kind == TOKEN_END || t.kind == TOKEN_LBRACE)
        p->skipping = false;
    track(p, t);
    p->last = t;
}

static void *get(size_t size)
{
    void *memory = malloc(size);
    if (!memory)
        fatal("out of memory");
    return memory;
}

void parse(Program *program, const Source *source, Arena *a)
{
    Parser p = {
        .arena = a,
        .program = program,
        .lexer = {.source = source},
        .lemon = ParseAlloc(get),
        .errors = error_count(),
    };
    Token t;
    do {
        t = next_token(&p);
        feed(&p, t);
    } while (t.kind && !p.stopped);
    ParseFree(p.lemon, free);
}
