/* Tokens. A lexer turns characters into tokens one at a time and keeps comments and
 * newlines: parse.c decides which newlines end a statement, fmt.c prints them all. */
#ifndef LEX_H
#define LEX_H

#include "diag.h"

#include <stdbool.h>

/* Beside the TOKEN_ kinds of the grammar, whose 0 is the end of the source. */
enum { COMMENT = -1, NEWLINE = -2 };

typedef struct Token {
    int kind;
    Span span;
    const char *name; /* of NAME, REDUCER, CONSTANT; STRING without its quotes */
    double number;
    const char *doc; /* the ## lines above it, or NULL */
    bool first;      /* of its line */
} Token;

typedef struct Lexer {
    const Source *source;
    int at;
} Lexer;

/* The next token. Bad numbers are reported; so are unknown characters and strings without an end,
 * which become UNKNOWN. */
Token scan(Lexer *l);

/* Whether the next character on this line is c, and not the start of the operator `==`. */
bool is_next(const Lexer *l, char c);

/* Whether a word, a name in quotes, a number or a string comes next on this line. */
bool is_word_next(const Lexer *l);

/* How a kind of token is spelt; NULL for names, numbers and the like. */
const char *spelling(int kind);

/* The line goes on when it ends in such a token, or when the next one begins with it. */
bool leaves_open(int kind);
bool continues(int kind);

bool is_keyword(int kind);

/* Whether a name needs no quotes. */
bool is_plain_name(const char *name);

#endif
