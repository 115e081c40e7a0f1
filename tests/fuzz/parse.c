/* Any bytes are a source: the parser reports errors or builds a program. What it builds can
 * be printed, and the text means the same again; gradc fmt changes no program, and nothing
 * when it has run before. */
#include "ast.h"
#include "out.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fuzz_parse(const uint8_t *data, size_t size);

static Source source_of(Arena *a, const void *data, size_t size)
{
    char *text = NEWN(a, char, size + 2);
    if (size)
        memcpy(text, data, size);
    text[size] = '\n';
    return (Source){"fuzz", text, (int)size + 1};
}

/* The printed program, or NULL after errors. */
static const char *parsed(Arena *a, Source s)
{
    Program p = {0};
    Source *kept = NEW(a, Source);
    *kept = s;
    parse(&p, kept, a);
    bool wrong = error_count() > 0;
    forget_messages();
    if (wrong)
        return NULL;
    Out o = new_out(a);
    print_program(&o, &p);
    return o.text;
}

static const char *formatted(Arena *a, Source s)
{
    Out o = new_out(a);
    print_formatted(&o, &s);
    forget_messages();
    return o.text;
}

static void must_equal(const char *what, const char *a, const char *b)
{
    if (b && strcmp(a, b) == 0)
        return;
    fprintf(stderr, "%s:\n%s---\n%s", what, a, b ? b : "(errors)\n");
    abort();
}

int fuzz_parse(const uint8_t *data, size_t size)
{
    Arena *a = new_arena();
    Source s = source_of(a, data, size);
    const char *tidy = formatted(a, s);
    const char *program = parsed(a, s);
    if (program) {
        Source again = source_of(a, program, strlen(program));
        must_equal("printed and parsed again", program, parsed(a, again));
        Source tidied = source_of(a, tidy, strlen(tidy));
        must_equal("formatted", program, parsed(a, tidied));
        must_equal("formatted twice", tidy, formatted(a, tidied));
    }
    free_arena(a);
    return 0;
}
