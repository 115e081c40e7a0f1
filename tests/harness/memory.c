/* The plan of memory against what is live at once, both from the lives and places of
 * buffers that gradc info lists; and what it says about them. */
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(memory, .timeout = 300);

enum { MOST = 2000, LINE = 64 }; /* buffers of an entry; bytes that none of them shares */

typedef struct Life {
    size_t bytes, offset;
    int first, last;
} Life;

/* Of one entry of the JSON; returns where it ends. */
static const char *read_lives(const char *s, Life *life, int *n)
{
    const char *end = strstr(s, "]}");
    *n = 0;
    for (s = strstr(s, "\"buffers\": ["); (s = strstr(s, "\"bytes\": ")) && s < end; s++) {
        cr_assert(*n < MOST);
        Life *x = &life[(*n)++];
        cr_assert_eq(sscanf(s,
                            "\"bytes\": %zu, \"offset\": %zu, \"first\": %d, \"last\": %d",
                            &x->bytes, &x->offset, &x->first, &x->last),
                     4, "%.80s", s);
        x->bytes = (x->bytes + LINE - 1) / LINE * LINE;
    }
    return end;
}

static size_t most_live(const Life *life, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++) {
        size_t live = 0; /* most are live where one of them begins */
        for (int k = 0; k < n; k++)
            if (life[k].first <= life[i].first && life[i].first <= life[k].last)
                live += life[k].bytes;
        most = live > most ? live : most;
    }
    return most;
}

static size_t extent(const Life *life, int n)
{
    size_t lo = -1, hi = 0;
    for (int i = 0; i < n; i++) {
        size_t end = life[i].offset + life[i].bytes;
        lo = life[i].offset < lo ? life[i].offset : lo;
        hi = end > hi ? end : hi;
    }
    return n ? hi - lo : 0;
}

static void check_apart(const char *path, const Life *life, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) {
            const Life *a = &life[i], *b = &life[k];
            cr_assert(a->last < b->first || b->last < a->first ||
                          a->offset + a->bytes <= b->offset ||
                          b->offset + b->bytes <= a->offset,
                      "%s: two buffers at %zu", path, a->offset);
        }
}

static size_t number_after(const char *s, const char *what)
{
    s = strstr(s, what);
    cr_assert(s, "no %s", what);
    return strtoull(s + strlen(what), NULL, 10);
}

ParameterizedTestParameters(memory, is_planned) { return cases("examples", ".nn"); }

ParameterizedTest(Case *c, memory, is_planned)
{
    static Life life[MOST];
    const char *s = must("$GRADC info --format json %s", c->path).out;
    int entries = 0, n;
    for (s = strstr(s, "\"entries\""); (s = strstr(s, "\"scratch\": ")); entries++) {
        size_t scratch = number_after(s, "\"scratch\": "),
               told = number_after(s, "\"bound\": ");
        s = read_lives(s, life, &n);
        size_t bound = most_live(life, n);
        check_apart(c->path, life, n);
        cr_expect_eq(told, bound, "%s", c->path);
        cr_expect_eq(scratch, extent(life, n), "%s", c->path);
        cr_expect((double)scratch <= 1.02 * (double)bound, "%s: %zu for %zu", c->path,
                  scratch, bound);
    }
    cr_expect_eq(entries, 4);
}

/* By hand: the gradient of the weights needs 1 - h^2; nobody asks for the sums that h is
 * of. */
Test(memory, what_is_kept_is_told)
{
    char *dir = scratch();
    write_text(text("%s/m.nn", dir), "model m {\n"
                                     "  input x[40]\n"
                                     "  input y\n"
                                     "  h = tanh(dense(x, 50))\n"
                                     "  f = sum(h)\n"
                                     "  loss (f - y)^2\n"
                                     "  train { batch = 8  optimizer = sgd(lr = 0.1) }\n"
                                     "}\n");
    Run r = must("$GRADC info %s/m.nn", dir);
    const char *kept = strstr(r.out, "kept for the backward pass"),
               *again = strstr(r.out, "computed again");
    cr_assert(kept && again && kept < again, "%s", r.out);
    const char *h = strstr(kept, "h[batch, ");
    cr_expect(h && h < again && number_after(h, "]") == 8 * 50 * 4, "%s", kept);
    cr_expect(strstr(h, "m.nn:4") && !strstr(kept, "h.dense.y"), "%s", kept);
    cr_expect(strstr(again, "f[batch] - y[batch]"), "%s", again);
}

/* ---- Less memory for more work; that its numbers are right is for grad/again_*.nn ---- */

#define GPT "-D layers=1 -D width=32 -D T=16 --batch 8 $SOURCE/examples/gpt/gpt.nn"

Test(memory, is_traded_for_work)
{
    size_t ample = number_after(must("$GRADC info --format json " GPT).out, "\"bytes\": ");
    char *dir = scratch();
    Run r = must("cd %s && $GRADC emit --memory %zu -o m.c " GPT, dir, ample / 10 * 9);
    size_t now = number_after(r.err, "gpt takes ");
    cr_expect(now <= ample / 10 * 9 && number_after(r.err, "instead of ") == ample, "%s",
              r.err);
    cr_expect(number_after(r.err, "computes ") > 1, "%s", r.err);
    cr_expect(number_after(r.err, "tensors again,\n") > 1000, "%s", r.err);
    cr_expect(strstr(r.err, "by estimate"), "%s", r.err);
    char *c = read_text(text("%s/m.c", dir));
    cr_expect(strstr(c, text("--memory %zu", ample / 10 * 9)));
    cr_expect(strstr(c, text("%zu", now)) && strstr(c, ".again["));
    cr_expect_str_empty(
        must("cd %s && $GRADC emit --memory %zuK -o n.c " GPT, dir, ample / 1024 + 1).err);
}

/* What is said to be the least can be had. */
Test(memory, has_a_least)
{
    char *dir = scratch();
    Run r = run("cd %s && $GRADC build --memory 1K -o m " GPT, dir);
    cr_assert(r.status == 2 && !exists(text("%s/m", dir)), "%s", r.err);
    size_t least = number_after(r.err, ", and ");
    cr_expect(least > number_after(r.err, "that last take "), "%s", r.err);
    r = must("$GRADC info --memory %zu " GPT, least);
    cr_expect(number_after(r.out, "gpt takes ") <= least, "%s", r.out);
}

Test(memory, is_a_number_of_bytes)
{
    static const char *const wrong[] = {"0", "-1", "12Q", "64MB", "K", "99999999999G", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Run r = run("$GRADC info --memory '%s' $SOURCE/examples/xor/xor.nn", wrong[i]);
        cr_expect(r.status == 2 && strstr(r.err, "such as 1500, 64K"), "%s: %s", wrong[i],
                  r.err);
    }
}
