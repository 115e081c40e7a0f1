/* Characters to tokens.
 *
 * A source may hold any bytes: the lexer never looks beyond source->length, and it gets
 * past whatever it does not know. */
#include "lex.h"

#include "gradc.h"
#include "str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD = 1,  /* spelt with letters */
    OPEN = 2,  /* a line that ends in it goes on */
    JOINS = 4, /* a line that begins with it continues the one before */
    BOTH = OPEN | JOINS,
};

/* Every token that has one spelling. Among the signs, a longer one stands before its
 * prefix. */
/* clang-format off */
static const struct Spelling {
    int kind;
    const char *text;
    int flags;
} spellings[] = {
    {TOKEN_MODEL,      "model",      WORD},
    {TOKEN_LAYER,      "layer",      WORD},
    {TOKEN_FN,         "fn",         WORD},
    {TOKEN_OPTIMIZER,  "optimizer",  WORD},
    {TOKEN_SCHEDULE,   "schedule",   WORD},
    {TOKEN_USE,        "use",        WORD},
    {TOKEN_INPUT,      "input",      WORD},
    {TOKEN_PARAM,      "param",      WORD},
    {TOKEN_STATE,      "state",      WORD},
    {TOKEN_LOSS,       "loss",       WORD},
    {TOKEN_METRIC,     "metric",     WORD},
    {TOKEN_OUTPUT,     "output",     WORD},
    {TOKEN_TRAIN,      "train",      WORD},
    {TOKEN_REPEAT,     "repeat",     WORD},
    {TOKEN_DERIVATIVE, "derivative", WORD | BOTH},
    {TOKEN_IF,         "if",         WORD | OPEN},
    {TOKEN_THEN,       "then",       WORD | BOTH},
    {TOKEN_ELSE,       "else",       WORD | BOTH},
    {TOKEN_AND,        "and",        WORD | BOTH},
    {TOKEN_OR,         "or",         WORD | BOTH},
    {TOKEN_NOT,        "not",        WORD | OPEN},
    {TOKEN_DOTS,       "...",        0},
    {TOKEN_DOT,        ".",          BOTH},
    {TOKEN_EQ,         "==",         BOTH},
    {TOKEN_NE,         "!=",         BOTH},
    {TOKEN_LE,         "<=",         BOTH},
    {TOKEN_GE,         ">=",         BOTH},
    {TOKEN_LT,         "<",          BOTH},
    {TOKEN_GT,         ">",          BOTH},
    {TOKEN_ARROW,      "->",         BOTH},
    {TOKEN_UPDATE,     ":=",         BOTH},
    {TOKEN_COLON,      ":",          BOTH},
    {TOKEN_ASSIGN,     "=",          BOTH},
    {TOKEN_PLUS,       "+",          BOTH},
    {TOKEN_MINUS,      "-",          BOTH},
    {TOKEN_TIMES,      "*",          BOTH},
    {TOKEN_SLASH,      "/",          BOTH},
    {TOKEN_PERCENT,    "%",          BOTH},
    {TOKEN_POW,        "^",          BOTH},
    {TOKEN_BAR,        "|",          BOTH},
    {TOKEN_COMMA,      ",",          BOTH},
    {TOKEN_LPAREN,     "(",          OPEN},
    {TOKEN_RPAREN,     ")",          JOINS},
    {TOKEN_LBRACKET,   "[",          OPEN},
    {TOKEN_RBRACKET,   "]",          JOINS},
    {TOKEN_LBRACE,     "{",          BOTH},
    {TOKEN_RBRACE,     "}",          0},
};

/* Signs of other languages, what to write instead, and what they are read as. */
static const struct Foreign {
    const char *text;
    int kind;
    const char *instead;
} foreign[] = {
    {"&&", TOKEN_AND,   "write 'and'"},
    {"||", TOKEN_OR,    "write 'or'"},
    {"!",  TOKEN_NOT,   "write 'not'"},
    {"**", TOKEN_POW,   "write '^' for a power"},
    {"//", TOKEN_SLASH, "comments begin with '#'; '/' rounds down in subscripts"},
    {";",  NEWLINE,     "a statement ends with its line"},
};

static const char *const reducers[] = {
    "sum", "mean", "max", "min", "prod", "argmax", "argmin",
};

static const struct Constant {
    const char *text;
    double value;
} constants[] = {
    {"pi", 3.14159265358979323846}, {"inf", INFINITY}, {"true", 1}, {"false", 0},
};
/* clang-format on */

enum { LONGEST_SHOWN = 40 };

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static const struct Spelling *spelling_of(int kind)
{
    for (int i = 0; i < COUNT(spellings); i++)
        if (spellings[i].kind == kind)
            return &spellings[i];
    return NULL;
}

static bool has_flag(int kind, int flag)
{
    const struct Spelling *s = spelling_of(kind);
    return s && s->flags & flag;
}

const char *spelling(int kind)
{
    const struct Spelling *s = spelling_of(kind);
    return s ? s->text : NULL;
}

bool leaves_open(int kind) { return has_flag(kind, OPEN); }
bool continues(int kind) { return has_flag(kind, JOINS); }
bool is_keyword(int kind) { return has_flag(kind, WORD); }

/* Not those of <ctype.h>, which depend on the locale. */
static bool is_digit(int c) { return c >= '0' && c <= '9'; }
static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_word(int c) { return is_letter(c) || is_digit(c); }
static bool is_blank(int c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f'; }

bool is_plain_name(const char *name)
{
    bool plain = is_letter(name[0]);
    for (const char *c = name; *c; c++)
        plain = plain && is_word(*c);
    for (int i = 0; i < COUNT(spellings); i++)
        plain = plain && strcmp(name, spellings[i].text);
    for (int i = 0; i < COUNT(constants); i++)
        plain = plain && strcmp(name, constants[i].text);
    return plain;
}

/* The character k places on; a newline stands behind the last. */
static int look(const Lexer *l, int k)
{
    return k < l->source->length - l->at ? (unsigned char)l->source->text[l->at + k] : '\n';
}

static bool starts_with(const Lexer *l, const char *text)
{
    int n = (int)strlen(text);
    return n <= l->source->length - l->at &&
           memcmp(l->source->text + l->at, text, (size_t)n) == 0;
}

static int skip_blanks(const Lexer *l)
{
    int k = 0;
    while (is_blank(look(l, k)))
        k++;
    return k;
}

bool is_next(const Lexer *l, char c)
{
    int k = skip_blanks(l);
    return look(l, k) == c && !(c == '=' && look(l, k + 1) == '=');
}

bool is_word_next(const Lexer *l)
{
    int c = look(l, skip_blanks(l));
    return is_word(c) || c == '"' || c == '\'';
}

static Span span_from(const Lexer *l, int start) { return (Span){l->source, start, l->at}; }

/* The text [start, at) is one token of that kind. */
static Token token(const Lexer *l, int kind, int start)
{
    return (Token){.kind = kind, .span = span_from(l, start)};
}

static void skip_digits(Lexer *l)
{
    while (is_digit(look(l, 0)))
        l->at++;
}

/* Give the number its value, from its text if that is well formed. */
static void evaluate(Token *t, bool well_formed)
{
    const char *text = t->span.source->text + t->span.start;
    int n = t->span.end - t->span.start;
    int shown = n < LONGEST_SHOWN ? n : LONGEST_SHOWN;
    errno = 0;
    double value = well_formed ? strtod(text, NULL) : 0;
    if (!well_formed && text[0] == '.')
        error(t->span, "a number begins with a digit: write '0%.*s'", shown, text);
    else if (!well_formed)
        error(t->span, "'%.*s' is neither a number nor a name", shown, text);
    else if (errno == ERANGE)
        error(t->span, "'%.*s' is outside the range of double precision", shown, text);
    else
        t->number = value;
}

/* 12   0.5   1e-3. Letters right behind a number are part of the mistake. */
static Token scan_number(Lexer *l)
{
    int start = l->at;
    bool good = look(l, 0) != '.';
    skip_digits(l);
    if (look(l, 0) == '.' && look(l, 1) != '.') {
        l->at++;
        good &= is_digit(look(l, 0));
        skip_digits(l);
    }
    int sign = look(l, 1) == '-' || look(l, 1) == '+';
    if ((look(l, 0) == 'e' || look(l, 0) == 'E') && is_digit(look(l, 1 + sign))) {
        l->at += 1 + sign;
        skip_digits(l);
    }
    for (; is_word(look(l, 0)); l->at++)
        good = false;
    Token t = token(l, TOKEN_NUMBER, start);
    evaluate(&t, good);
    return t;
}

static bool is_among(const char *name, const char *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

static Token scan_word(Lexer *l)
{
    int start = l->at;
    while (is_word(look(l, 0)))
        l->at++;
    Token t = token(l, TOKEN_NAME, start);
    t.name = intern_n(l->source->text + start, (size_t)(l->at - start));
    for (int i = 0; i < COUNT(spellings); i++)
        if (spellings[i].flags & WORD && strcmp(t.name, spellings[i].text) == 0)
            t.kind = spellings[i].kind;
    for (int i = 0; i < COUNT(constants); i++)
        if (strcmp(t.name, constants[i].text) == 0) {
            t.kind = TOKEN_CONSTANT;
            t.number = constants[i].value;
        }
    if (is_next(l, '(') && is_among(t.name, reducers, COUNT(reducers)))
        t.kind = TOKEN_REDUCER;
    return t;
}

/* Names and comments are kept as C strings. */
static void refuse_zero(Span s)
{
    if (memchr(s.source->text + s.start, 0, (size_t)(s.end - s.start)))
        error(s, "a zero byte in the text");
}

static Token scan_string(Lexer *l)
{
    int start = l->at++;
    while (look(l, 0) != '"' && look(l, 0) != '\n')
        l->at++;
    const char *text = l->source->text + start + 1;
    const char *name = intern_n(text, strnlen(text, (size_t)(l->at - start - 1)));
    bool closed = look(l, 0) == '"';
    l->at += closed;
    Token t = token(l, closed ? TOKEN_STRING : TOKEN_UNKNOWN, start);
    t.name = name;
    if (!closed)
        error(t.span, "a '\"' is missing at the end of this");
    refuse_zero(t.span);
    return t;
}

/* 'h.W': a name with any characters in it. */
static Token scan_quoted(Lexer *l)
{
    int start = l->at++;
    while (look(l, 0) != '\'' && look(l, 0) != '\n')
        l->at++;
    const char *text = l->source->text + start + 1;
    size_t length = (size_t)(l->at - start - 1);
    bool good = look(l, 0) == '\'' && length > 0;
    l->at += look(l, 0) == '\'';
    Token t = token(l, good ? TOKEN_NAME : TOKEN_UNKNOWN, start);
    t.name = intern_n(text, strnlen(text, length));
    if (!good)
        error(t.span, length ? "a \"'\" is missing at the end of this" : "a name is empty");
    refuse_zero(t.span);
    return t;
}

static Token scan_comment(Lexer *l)
{
    int start = l->at;
    while (look(l, 0) != '\n')
        l->at++;
    Token t = token(l, COMMENT, start);
    refuse_zero(t.span);
    return t;
}

static bool scan_sign(Lexer *l, Token *t)
{
    int start = l->at;
    for (int i = 0; i < COUNT(spellings); i++)
        if (!(spellings[i].flags & WORD) && starts_with(l, spellings[i].text)) {
            l->at += (int)strlen(spellings[i].text);
            *t = token(l, spellings[i].kind, start);
            return true;
        }
    return false;
}

static bool scan_foreign(Lexer *l, Token *t)
{
    if (starts_with(l, "!="))
        return false;
    int start = l->at;
    for (int i = 0; i < COUNT(foreign); i++)
        if (starts_with(l, foreign[i].text)) {
            l->at += (int)strlen(foreign[i].text);
            *t = token(l, foreign[i].kind, start);
            error(t->span, "'%s' is not used here: %s", foreign[i].text,
                  foreign[i].instead);
            return true;
        }
    return false;
}

/* The length of the UTF-8 sequence that starts here, or 0. Overlong forms and surrogates
 * pass: the terminal will say what it thinks of them. */
static int utf8_length(const Lexer *l)
{
    static const struct {
        int from, below, length;
    } row[] = {{0xC2, 0xE0, 2}, {0xE0, 0xF0, 3}, {0xF0, 0xF5, 4}};
    int c = look(l, 0), n = 0;
    for (int i = 0; i < COUNT(row); i++)
        if (c >= row[i].from && c < row[i].below)
            n = row[i].length;
    for (int k = 1; k < n; k++)
        if ((look(l, k) & 0xC0) != 0x80)
            return 0;
    return n;
}

static bool is_known(const Lexer *l)
{
    int c = look(l, 0);
    return c == '\n' || is_word(c) || (c && strchr("#\"'&!;.=<>-:+*/%^|,()[]{}", c));
}

/* One message for a run of them, blanks among them included. */
static Token scan_unknown(Lexer *l)
{
    int start = l->at, n = utf8_length(l), c = look(l, 0);
    bool visible = n || (c > ' ' && c < 0x7F);
    l->at += n ? n : 1;
    Span first = span_from(l, start);
    while (!is_known(l))
        l->at++;
    if (visible)
        error(first, "unknown character '%.*s'", n ? n : 1, l->source->text + start);
    else
        error(first, "unknown character: byte 0x%02X", (unsigned)c);
    return token(l, TOKEN_UNKNOWN, start);
}

Token scan(Lexer *l)
{
    if (l->at == 0 && starts_with(l, "\xEF\xBB\xBF")) /* a byte order mark */
        l->at = 3;
    l->at += skip_blanks(l);
    if (l->at >= l->source->length)
        return token(l, 0, l->at);
    int c = look(l, 0);
    if (is_digit(c) || (c == '.' && is_digit(look(l, 1))))
        return scan_number(l);
    if (is_letter(c))
        return scan_word(l);
    if (c == '"')
        return scan_string(l);
    if (c == '\'')
        return scan_quoted(l);
    if (c == '#')
        return scan_comment(l);
    if (c == '\n') {
        l->at++;
        return token(l, NEWLINE, l->at - 1);
    }
    Token t;
    return scan_foreign(l, &t) || scan_sign(l, &t) ? t : scan_unknown(l);
}
