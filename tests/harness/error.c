/* error/NAME.nn: exactly the errors that its lines announce with `# error: text`, each
 * containing the text; exit 1; nothing written. What the manual says that the compiler says is
 * among them. */
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Message {
    int line;
    char *text;
} Message;

enum { MOST = 100 };

/* `# error: text` comments of a program; a line may announce several. */
static int announced(const char *program, Message *m)
{
    int n = 0, number = 1;
    for (const char *s = program; *s; s++) {
        number += *s == '\n';
        if (strncmp(s, "# error: ", 9) != 0 || n == MOST)
            continue;
        size_t length = strcspn(s + 9, "#\n");
        while (length > 0 && s[9 + length - 1] == ' ')
            length--;
        m[n++] = (Message){number, text("%.*s", (int)length, s + 9)};
    }
    return n;
}

/* `file:line:column: error: text` lines of what gradc printed. */
static int reported(const char *err, const char *file, Message *m)
{
    int n = 0;
    for (const char *s = err; s && *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL) {
        int line, column, at = 0;
        char *format = text("%s:%%d:%%d: error: %%n", file);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        sscanf(s, format, &line, &column, &at);
#pragma GCC diagnostic pop
        if (at > 0 && n < MOST)
            m[n++] = (Message){line, text("%.*s", (int)strcspn(s + at, "\n"), s + at)};
    }
    return n;
}

static int count(const char *s, const char *part)
{
    int n = 0;
    for (; (s = strstr(s, part)); s += strlen(part))
        n++;
    return n;
}

/* Strike out each expected message with the first that fits it. */
static void compare(const char *path, Message *want, int nwant, Message *got, int ngot,
                    const char *err)
{
    for (int i = 0; i < nwant; i++) {
        int k = 0;
        while (k < ngot && !(got[k].text && got[k].line == want[i].line &&
                             strstr(got[k].text, want[i].text)))
            k++;
        cr_expect(k < ngot, "%s:%d: expected: %s\n%s", path, want[i].line, want[i].text, err);
        if (k < ngot)
            got[k].text = NULL;
    }
    for (int k = 0; k < ngot; k++)
        cr_expect(!got[k].text, "%s:%d: not expected: %s", path, got[k].line, got[k].text);
}

ParameterizedTestParameters(error, messages)
{
    return cases("tests/error", ".nn");
}

ParameterizedTest(Case *c, error, messages, .timeout = 60)
{
    static Message want[MOST], got[MOST];
    char *folder = dirname(text("%s", c->path)), *name = basename(text("%s", c->path));
    char *c_file = text("%s/m.c", scratch());

    Run r = run("cd %s && $GRADC emit %s %s -o %s", folder, name, options_of(c->path), c_file);
    int nwant = announced(read_text(c->path), want);
    int ngot = reported(r.err, name, got);

    cr_expect(nwant > 0, "%s: announces no error", c->path);
    cr_expect(r.status == 1, "%s: exit %d\n%s", c->path, r.status, r.err);
    cr_expect(!exists(c_file), "%s: gradc wrote a file", c->path);
    cr_expect(count(r.err, ": error: ") == ngot, "%s: errors in other files\n%s", c->path, r.err);
    compare(c->path, want, nwant, got, ngot, r.err);
}

/* The second column of a row, `message`, with \\| for |; NULL: there is none. */
static char *quoted_message(const char *row)
{
    const char *from = strstr(row, " | `");
    const char *to = from ? strstr(from + 4, "` |") : NULL;
    char *message = to ? text("%.*s", (int)(to - from - 4), from + 4) : NULL;
    for (char *s = message; s && (s = strstr(s, "\\|"));)
        memmove(s, s + 1, strlen(s));
    return message;
}

Test(error, messages_in_the_manual)
{
    char *manual = strstr(read_text(SOURCE "/grammar/README.md"), "# 11. What cannot");
    int n = 0;
    cr_assert(manual);
    for (char *row = strtok(manual, "\n"); row; row = strtok(NULL, "\n")) {
        char *message = quoted_message(row);
        if (!message)
            continue;
        char *file = text("%s/message", scratch());
        write_text(file, message);
        Run r = run("sed -n 's/.*# error: //p' $SOURCE/tests/error/*.nn | grep -qFf %s", file);
        cr_expect(r.status == 0, "no program in tests/error has: %s", message);
        n++;
    }
    cr_assert(n > 20, "%d messages found", n);
}
