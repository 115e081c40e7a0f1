/* Pictures of graphs, which Graphviz lays out. */
#include "draw.h"

#include "diag.h"
#include "file.h"
#include "run.h"
#include "str.h"

#include <errno.h>
#include <string.h>

Out draw_graph(const Out *dot, Arena *a)
{
    const char *from = intern_f("%s/graph.dot", temporary_folder());
    const char *to = intern_f("%s/graph.svg", temporary_folder());
    int status = 0;
    Words w = {0};
    write_file(from, dot->text);
    add_words(&w, "dot -Tsvg -o", a);
    add_word(&w, to, a);
    add_word(&w, from, a);
    int why = run_program(&w, &status, a);
    if (why == ENOENT)
        fatal(
            "--format svg needs the program 'dot' of Graphviz; --format dot writes what it "
            "reads");
    const char *svg = why || status ? NULL : read_file(to, a, NULL);
    if (!svg)
        fatal("'dot' draws nothing%s%s", why ? ": " : "", why ? strerror(why) : "");
    Out out = new_out(a);
    put(&out, "%s", svg);
    return out;
}
