/* Lines of the generated file that need care: comments, and code too long for one line. */
#include "text.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { WIDTH = 92 };

/* What it takes to break a line after c: little after a comma, much within what belongs
 * together. */
static int reluctance(char c)
{
    return c == ',' ? 0 : strchr("+-*/<>?:", c) ? 1 : c == '=' ? 2 : 3;
}

/* The end of the first line of a text that has room for n characters, before a space that
 * is in no string; its whole length where no space helps. The last of the places that take
 * least; every pair of parentheses around one makes it dearer. */
static size_t break_at(const char *text, size_t n)
{
    size_t end = strcspn(text, "\n"), best = end;
    int depth = 0, least = INT_MAX;
    bool string = false;
    if (end <= n)
        return end;
    for (size_t i = 0; i < end && (i <= n || best == end); i++) {
        depth += (text[i] == '(' || text[i] == '[') - (text[i] == ')' || text[i] == ']');
        string ^= text[i] == '"' && (i == 0 || text[i - 1] != '\\');
        if (string || text[i] != ' ' || i == 0 || text[i - 1] == ' ')
            continue;
        int cost = 2 * depth + reluctance(text[i - 1]);
        if (cost > least)
            continue;
        least = cost;
        best = i;
    }
    return best;
}

static size_t room_for(size_t used) { return used < WIDTH - 20 ? WIDTH - used : 20; }

/* No text may end the comment it stands in. */
static void put_inside_comment(Out *o, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool ends = i > 0 && ((text[i - 1] == '*' && text[i] == '/') ||
                              (text[i - 1] == '/' && text[i] == '*'));
        put(o, "%s%c", ends ? " " : "", text[i]);
    }
}

void put_comment(Out *o, const char *text)
{
    size_t margin = (size_t)(4 * o->level);
    put(o, "%*s/* ", (int)margin, "");
    for (int inset = 0;;) {
        size_t n = break_at(text, room_for(margin + 6 + (size_t)inset));
        put_inside_comment(o, text, n);
        text += n;
        if (!*text)
            break;
        inset = *text == '\n' ? 0 : 4;
        text += *text == '\n' ? 1 : strspn(text, " ");
        put(o, "\n%*s *%*s", (int)margin, "", *text == '\n' ? 0 : inset + 1, "");
    }
    put(o, " */\n");
}

const char *quoted(const char *text, Arena *a)
{
    Out o = new_out(a);
    put(&o, "\"");
    for (; *text; text++)
        put(&o,
            (unsigned char)*text < ' '      ? "\\%03o"
            : *text == '"' || *text == '\\' ? "\\%c"
                                            : "%c",
            (unsigned char)*text);
    put(&o, "\"");
    return o.text;
}

void put_code(Out *o, const char *text)
{
    for (int margin = 4 * o->level;; margin = 4 * o->level + 8) {
        size_t n = o->unbroken ? strlen(text) : break_at(text, room_for((size_t)margin));
        put(o, "%*s%.*s\n", margin, "", (int)n, text);
        text += n;
        if (!*text)
            return;
        text++;
    }
}
