/* Headers put where they are included, as the preprocessor would: one that is included
 * twice is there twice, for simd_math.h is meant to be. */
#include "alone.h"

#include "file.h"
#include "str.h"

#include <string.h>

static const char include[] = "#include \"";

/* The name in the #include "..." at the start of a text, or NULL. */
static const char *included(const char *text)
{
    size_t n = strlen(include);
    if (strncmp(text, include, n))
        return NULL;
    return intern_n(text + n, strcspn(text + n, "\"\n"));
}

void put_alone(Out *o, const char *text, const char *folder)
{
    for (const char *end; *text; text = end) {
        end = text + strcspn(text, "\n");
        end += *end == '\n';
        const char *name = included(text);
        const char *inner =
            name ? read_file(intern_f("%s/%s", folder, name), o->arena, NULL) : NULL;
        if (inner)
            put_alone(o, inner, folder);
        else
            put(o, "%.*s", (int)(end - text), text);
    }
}
