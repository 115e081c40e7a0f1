/* WebAssembly with vectors: in Node to the host's bits, and in the page of
 * examples/browser. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(wasm, .timeout = 300);

static bool is_here(const char *program)
{
    bool here = !run("command -v %s", program).status;
    if (!here)
        fprintf(stderr, "skipped: no %s here to run WebAssembly\n", program);
    return here;
}

/* The program of examples/microcontroller, whose last lines sum up all bits of its models.
 */
static const char runner[] =
    "const fs = require('fs'), wasm = fs.readFileSync('m.wasm');"
    "if (!wasm.includes(Buffer.from([0xfd, 0xe6, 0x01]))) throw 'no f32x4.mul';"
    "let m, text = at => {"
    "  const bytes = new Uint8Array(m.memory.buffer, at);"
    "  process.stdout.write(Buffer.from(bytes.slice(0, bytes.indexOf(0))));"
    "};"
    "WebAssembly.instantiate(wasm, {env: {say: text}})"
    "  .then(w => { m = w.instance.exports; m.run(); });";

Test(wasm, learns_what_the_host_does_bit_by_bit)
{
    if (SANITIZED || !is_here("wasm-ld") || !is_here("node"))
        return;
    char *dir = scratch();
    write_text(text("%s/run.js", dir), runner);
    write_text(text("%s/run.c", dir),
               "int main(void);\n"
               "__attribute__((export_name(\"run\"))) void run(void)\n"
               "{\n"
               "    main();\n"
               "}\n");
    write_text(text("%s/say.c", dir), "#include <stdio.h>\n"
                                      "void say(const char *s) { fputs(s, stdout); }\n");
    must("cd %s && E=$SOURCE/examples && for m in xor iris; do "
         "$GRADC emit $E/$m/$m.nn -o $m.c --freestanding --target wasm32 || exit; done && "
         "sed 's/\\(.*\\),\\(.\\)$/    {{\\1}, \\2},/' $E/iris/iris.csv >flowers.h && "
         "sed '/^void \\*mem/,$!d' $E/browser/module.c | sed '1i#include <stddef.h>' "
         ">mem.c && "
         "set -- -std=c11 -O1 -ffp-contract=off -ffreestanding -Wall -Wextra -Wpedantic "
         "-Werror "
         "-I. $E/microcontroller/main.c xor.c iris.c && "
         "clang \"$@\" --target=wasm32 -msimd128 -fno-builtin -nostdlib -Wl,--no-entry "
         "-Wl,--allow-undefined run.c mem.c -o m.wasm && clang \"$@\" say.c -o host",
         dir);
    Run here = must("%s/host", dir), there = must("cd %s && node run.js", dir);
    cr_expect(strstr(here.out, "all bits"), "%s", here.out);
    cr_expect_str_eq(there.out, here.out);
}

/* ---- The page ---- */

/* What is after `accuracy` where it last occurs. */
static double accuracy(const char *text)
{
    const char *last = NULL;
    for (const char *s = text; (s = strstr(s, "accuracy ")); s++)
        last = s;
    return last ? atof(last + 9) : 0;
}

static const char *points(const char *page)
{
    const char *s = strstr(page, "id=\"loss\" points=\"");
    return s ? text("%.*s", (int)strcspn(s + 18, "\""), s + 18) : "";
}

Test(wasm, digits_in_node_and_in_a_page)
{
    if (SANITIZED || !is_here("wasm-ld"))
        return;
    char *dir = scratch();
    must("sh $SOURCE/examples/browser/build.sh %s", dir);
    double node = 0;
    if (is_here("node")) {
        Run r = must("cd %s && E=$SOURCE/examples && node $E/browser/learn.js digits.wasm "
                     "$E/digits/train.csv $E/digits/test.csv",
                     dir);
        node = accuracy(r.out);
        cr_expect(node >= 0.96, "%s", r.out);
    }
    if (!is_here("chromium"))
        return;
    Run r =
        must("cd %s && chromium --headless --no-sandbox --disable-gpu --disable-quic "
             "--no-first-run --disable-background-networking --disable-component-update "
             "--disable-sync --user-data-dir=u --virtual-time-budget=60000 --dump-dom "
             "file://$PWD/digits.html 2>/dev/null",
             dir);
    const char *now = strstr(r.out, "id=\"now\"");
    cr_assert(now, "%s", r.out);
    now = text("%.*s", (int)strcspn(now, "\n"), now);
    cr_expect(accuracy(now) >= 0.96 && (node == 0 || accuracy(now) == node), "%s", now);
    int n = 1; /* a point for each of the twenty epochs, the last one lower */
    double first = atof(strchr(points(r.out), ',') + 1), last = first;
    for (const char *s = points(r.out); (s = strchr(s, ' ')); n++)
        last = atof(strchr(++s, ',') + 1);
    cr_expect(n == 20 && last > first, "%d points: %s", n, points(r.out));
}
