/* C identifiers for what has a name in the source. */
#include "name.h"

#include "str.h"

#include <ctype.h>
#include <string.h>

/* Keywords, macros that headers may define, and what emit/ and simd.h call things. */
static const char *const reserved[] = {
    "auto",     "break",    "case",      "char",      "const",    "continue", "default",
    "do",       "double",   "else",      "enum",      "extern",   "float",    "for",
    "goto",     "if",       "inline",    "int",       "long",     "register", "restrict",
    "return",   "short",    "signed",    "sizeof",    "static",   "struct",   "switch",
    "typedef",  "union",    "unsigned",  "void",      "volatile", "while",    "asm",
    "typeof",   "bool",     "true",      "false",     "alignas",  "alignof",  "class",
    "delete",   "new",      "this",      "template",  "private",  "public",   "protected",
    "virtual",  "operator", "namespace", "using",     "try",      "catch",    "throw",
    "linux",    "unix",     "i386",      "main",      "real",     "vec",      "mask",
    "ivec",     "ints",     "bytes",     "n",         "lo",       "hi",       "block",
    "context",  "part",     "parts",     "int8_t",    "int32_t",  "int64_t",  "uint8_t",
    "uint32_t", "uint64_t", "size_t",    "ptrdiff_t", "NULL",     "EOF",      "NAN",
    "INFINITY", "assert",   "memset",    "at",        "seed",     "site",
};

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (!strcmp(name, reserved[i]))
            return true;
    return !strncmp(name, "gr_", 3) || !strncmp(name, "GR_", 3);
}

const char *identifier(const char *name)
{
    char text[256];
    size_t n = 0;
    if (!isalpha((unsigned char)name[0]))
        text[n++] = 't';
    for (const char *c = name; *c && n + 2 < sizeof text; c++) {
        bool plain = isalnum((unsigned char)*c);
        if (plain || (n && text[n - 1] != '_'))
            text[n++] = plain ? *c : '_';
    }
    text[n] = 0;
    if (is_reserved(text))
        text[n++] = '_';
    return intern_n(text, n);
}

static bool is_taken(const Names *names, const char *name)
{
    for (; names; names = names->outer)
        for (int i = 0; i < names->taken.n; i++)
            if (names->taken.at[i] == name)
                return true;
    return false;
}

const char *take_name(Names *names, const Names *seen, const char *base)
{
    base = intern(base);
    const char *name = base;
    bool digit = isdigit((unsigned char)base[strlen(base) - 1]);
    for (int k = 2; is_taken(seen, name); k++)
        name = intern_f(digit ? "%s_%d" : "%s%d", base, k);
    PUSH(names->arena, &names->taken, name);
    return name;
}

void add_names(Names *to, const Names *from)
{
    for (int i = 0; i < from->taken.n; i++)
        PUSH(to->arena, &to->taken, from->taken.at[i]);
}
