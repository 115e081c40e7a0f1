/* Loops, C and assembly: the columns of the page in which one item is the work of several
 * equations. */
#include "html.h"

#include "abi.h"
#include "assembly.h"
#include "str.h"

#include <string.h>

/* Regions that share a function have their loops, and their C, in one place. */
static const Region *own_loops(const Region *r) { return r->like ? r->like : r; }

static void add_keys(Out *keys, const Region *r)
{
    for (int i = 0; i < r->equation.n; i++)
        put(keys, "%sT%d", keys->length ? " " : "", r->equation.at[i]->id);
}

/* An item of the tensors whose keys these are: its text follows. */
static void open_item(const Page *p, const char *id, const Out *keys, double part)
{
    put(p->o, "<div class=\"item\" id=\"%s\" data-k=\"%s\"%s><pre>", id, keys->text,
        p->s->seconds ? heat(p, part) : "");
}

/* Of the time that the longest region takes. */
static double part_of_longest(const Page *p, double seconds)
{
    double most = 0;
    for (int i = 0; i < p->entry->region.n; i++)
        most = p->s->seconds[i] > most ? p->s->seconds[i] : most;
    return most > 0 ? seconds / most : 0;
}

/* The function is at the first region that has it, not always the one it was made for: that
 * one may be of another entry. */
static int function_of_region(const Page *p, const Region *r)
{
    int i = 0;
    while (own_loops(p->entry->region.at[i]) != own_loops(r) ||
           !is_shown(p, p->entry->region.at[i]))
        i++;
    return i;
}

/* ---- Loops ---- */

static const char *loops_of(const Page *p, int i)
{
    const Region *r = p->entry->region.at[i];
    Out text = new_out(p->o->arena);
    print_region(&text, r);
    if (r->like && function_of_region(p, r) == i)
        print_region(&text, r->like);
    return text.text;
}

static void put_loops(const Page *p, int i)
{
    const Region *r = p->entry->region.at[i];
    Out keys = new_out(p->o->arena);
    add_keys(&keys, r);
    open_item(p, format(p->o->arena, "r%d", i), &keys,
              p->s->seconds ? part_of_longest(p, p->s->seconds[i]) : 0);
    put_text(p, loops_of(p, i));
    put(p->o, "</pre><div class=\"note\">");
    for (int k = 0; k < r->equation.n; k++) {
        const Tensor *t = r->equation.at[k];
        put(p->o, p->wanted[t->id] ? "<a href=\"#t%d\">" : "<a>", t->id);
        put_text(p, t->name);
        put(p->o, "</a> · ");
    }
    put(p->o, "%s · about %s%s%s · <a href=\"#c%d\">C</a></div></div>\n",
        quantity(p, r->flops, "FLOP"), quantity(p, r->cycles, "cycles"),
        p->s->seconds ? " · " : "", p->s->seconds ? measured(p, i) : "",
        function_of_region(p, r));
}

void put_loop_nests(const Page *p)
{
    for (int i = 0; i < p->entry->region.n; i++)
        if (is_shown(p, p->entry->region.at[i]))
            put_loops(p, i);
}

/* ---- C ---- */

/* A function of the page: its text and which of its equations each line is for. */
typedef struct Function {
    const Region *own;
    const char *name;
    VEC(int) user; /* the regions that are it */
    Out text;
    LineMarks mark;
    int first; /* its first line's number in the C */
    int lines;
    int *equation; /* of each line: its number in the region; -1: of all; -2: it is comment
                    */
} Function;

static int equation_at(const Function *f, size_t at)
{
    int mark = -1, k = 0;
    while (mark + 1 < f->mark.n && f->mark.at[mark + 1].at <= at)
        mark++;
    if (mark < 1)
        return mark == 0 ? -1 : -2;
    while (k < f->own->equation.n && f->own->equation.at[k] != f->mark.at[mark].t)
        k++;
    return k < f->own->equation.n ? k : -1;
}

static void attribute_lines(Function *f, size_t begin)
{
    const char *text = f->text.text;
    for (const char *s = text + begin; *s; s++)
        f->lines += *s == '\n';
    f->equation = NEWN(f->text.arena, int, f->lines + 1);
    int n = 0;
    for (size_t at = begin; text[at]; at += strcspn(text + at, "\n") + 1)
        f->equation[n++] = equation_at(f, at);
}

/* Of the region with this number, the first that has the function. */
static Function function_at(const Page *p, int first)
{
    Function f = {.own = own_loops(p->entry->region.at[first]),
                  .text = new_out(p->o->arena)};
    f.name = function_of(f.own, p->s->module, p->s->emitted);
    for (int i = first; i < p->entry->region.n; i++)
        if (own_loops(p->entry->region.at[i]) == f.own)
            PUSH(p->o->arena, &f.user, i);
    emit_function(&f.text, p->s->module, f.own, p->s->emitted, &f.mark);
    size_t begin = f.text.text[0] == '\n';
    attribute_lines(&f, begin);
    f.text.text += begin;
    f.first = line_in(p->s->code, f.text.text);
    return f;
}

/* The tensors that a line computes, in all regions that have the function. */
static const char *keys_of_line(const Page *p, const Function *f, int line)
{
    Out keys = new_out(p->o->arena);
    if (p->s->assembly)
        put(&keys, "L%d", f->first + line);
    for (int i = 0; i < f->user.n; i++) {
        const Region *r = p->entry->region.at[f->user.at[i]];
        for (int k = 0; k < r->equation.n; k++)
            if (f->equation[line] == k || (f->equation[line] == -1 && p->s->assembly))
                put(&keys, "%sT%d", keys.length ? " " : "", r->equation.at[k]->id);
    }
    return keys.length && f->equation[line] > -2 ? keys.text : "";
}

static void put_line(const Page *p, const char *keys, const char *text, int length)
{
    const char *line = format(p->o->arena, "%.*s\n", length, text);
    if (*keys)
        put(p->o, "<span class=\"item l\" data-k=\"%s\">", keys);
    put_text(p, line);
    if (*keys)
        put(p->o, "</span>");
}

/* Lines are items of their own where that says more than the function does. */
static void put_lines(const Page *p, const Function *f)
{
    const char *at = f->text.text;
    bool apart = f->own->equation.n > 1 || p->s->assembly;
    for (int i = 0; *at; i++) {
        int length = (int)strcspn(at, "\n");
        put_line(p, apart ? keys_of_line(p, f, i) : "", at, length);
        at += length + (at[length] == '\n');
    }
}

static void put_function(const Page *p, int first)
{
    Function f = function_at(p, first);
    Out keys = new_out(p->o->arena);
    for (int i = 0; i < f.user.n; i++)
        add_keys(&keys, p->entry->region.at[f.user.at[i]]);
    double seconds = 0;
    for (int i = 0; p->s->seconds && i < f.user.n; i++)
        seconds += p->s->seconds[f.user.at[i]];
    open_item(p, format(p->o->arena, "c%d", first), &keys,
              p->s->seconds ? part_of_longest(p, seconds) : 0);
    put_lines(p, &f);
    put(p->o, "</pre><div class=\"note\">");
    for (int i = 0; i < f.user.n; i++) {
        const Region *r = p->entry->region.at[f.user.at[i]];
        if (is_shown(p, r))
            put(p->o, "<a href=\"#r%d\">%s</a> ", f.user.at[i], r->name);
    }
    put(p->o, "</div></div>\n");
}

/* A call of the region begins in this line. */
static bool calls(const Page *p, const Region *r, const char *line)
{
    const char *name = function_of(r, p->s->module, p->s->emitted);
    const char *by = "gr_run(block, ";
    line += strspn(line, " ");
    line += strncmp(line, by, strlen(by)) ? 0 : strlen(by);
    size_t n = strlen(name);
    return !strncmp(line, name, n) && (line[n] == '(' || line[n] == ',');
}

/* What calls them all, one after another. */
static void put_caller(const Page *p)
{
    Out text = new_out(p->o->arena);
    put_entry(&text, p->s->module, p->s->emitted, ENTRY_GRADIENTS);
    const char *at = text.text + (text.text[0] == '\n');
    int number = line_in(p->s->code, at), called = 0;
    bool in_call = false;
    put(p->o, "<div class=\"caller\"><pre>");
    for (; *at; number++) {
        int length = (int)strcspn(at, "\n");
        bool begins =
            called < p->entry->region.n && calls(p, p->entry->region.at[called], at);
        Out keys = new_out(p->o->arena);
        called += begins;
        in_call |= begins;
        if (p->s->assembly)
            put(&keys, "L%d", number);
        if (in_call)
            add_keys(&keys, p->entry->region.at[called - 1]);
        put_line(p, keys.length ? keys.text : "", at, length);
        in_call &= at[length - 1] != ';';
        at += length + (at[length] == '\n');
    }
    put(p->o, "</pre></div>\n");
}

void put_c(const Page *p)
{
    for (int i = 0; i < p->entry->region.n; i++) {
        const Region *r = p->entry->region.at[i];
        if (is_shown(p, r) && function_of_region(p, r) == i)
            put_function(p, i);
    }
    put_caller(p);
}

/* ---- Assembly ---- */

typedef VEC(Function) Functions;

static bool is_of(const char *symbol, const char *name)
{
    size_t n = strlen(name);
    return !strncmp(symbol, name, n) && (!symbol[n] || symbol[n] == '.');
}

static bool is_on_page(const Page *p, const Functions *list, const char *symbol)
{
    for (int i = 0; i < list->n; i++)
        if (is_of(symbol, list->at[i].name))
            return true;
    return is_of(symbol,
                 intern_f("%s_%s", p->s->emitted->prefix, entry_name[ENTRY_GRADIENTS]));
}

static const char *keys_of_instruction(const Page *p, const Functions *list, int line)
{
    for (int i = 0; i < list->n; i++) {
        const Function *f = &list->at[i];
        if (line >= f->first && line < f->first + f->lines)
            return keys_of_line(p, f, line - f->first);
    }
    return line ? format(p->o->arena, "L%d", line) : "";
}

/* What one line of the C became is an item, as far as it stands together. */
static void put_instructions(const Page *p, const Functions *list,
                             const AssemblyFunction *f)
{
    for (int i = 0; i < f->code.n;) {
        int line = f->code.at[i].line;
        const char *keys = keys_of_instruction(p, list, line);
        put(p->o, *keys ? "<span class=\"item l\" data-k=\"%s\">" : "<span class=\"l\">%s",
            keys);
        for (; i < f->code.n && f->code.at[i].line == line; i++) {
            const char *text = f->code.at[i].text;
            put_text(p, format(p->o->arena,
                               text[strlen(text) - 1] == ':' ? "%s\n" : "  %s\n", text));
        }
        put(p->o, "</span>");
    }
}

void put_assembly(const Page *p)
{
    Functions list = {0};
    if (!*p->s->assembly) {
        put(p->o,
            "<div class=\"file\">There is no C compiler on the machine that made this "
            "page (neither clang nor gcc, and --cc named none), so there is no assembly."
            "</div>\n");
        return;
    }
    for (int i = 0; i < p->entry->region.n; i++) {
        const Region *r = p->entry->region.at[i];
        if (is_shown(p, r) && function_of_region(p, r) == i)
            PUSH(p->o->arena, &list, function_at(p, i));
    }
    Assembly all = read_assembly(p->s->assembly, CODE_FILE, p->o->arena);
    for (int i = 0; i < all.n; i++) {
        if (!is_on_page(p, &list, all.at[i].name))
            continue;
        put(p->o, "<div class=\"file\">%s</div>\n<pre class=\"asm\">", all.at[i].name);
        put_instructions(p, &list, &all.at[i]);
        put(p->o, "</pre>\n");
    }
}
