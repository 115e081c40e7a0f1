/* The verb generate: what is drawn, from where in the window, and how often. */
#include "grdata.h"
#include "run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(generate, .timeout = 300);

enum { VALUES = 128 };

/* The score of v after u is W[u, v], whatever came before. */
static const char pairs[] =
    "model pairs {\n"
    "  input text[4] : index < 128\n"
    "  input next[4] : index < 128\n"
    "  param W[128, 128] = 0\n"
    "  z[t, v] = W[text[t], v]\n"
    "  loss cross_entropy(z, next)\n"
    "  output z\n"
    "  train { batch = 4  epochs = 60  optimizer = adam(lr = 0.1) }\n"
    "}\n";

typedef struct Score {
    char after, value;
    float score;
} Score;

static void write_parameter(const char *dir, const char *name, gr_array value)
{
    gr_named p = {name, value};
    gr_error e;
    cr_assert(gr_write_safetensors(text("%s/p.safetensors", dir),
                                   &(gr_safetensors){.tensors = 1, .tensor = &p}, &e));
}

/* These scores, and -100 for everything else. */
static void write_scores(const char *dir, const Score *given, int n)
{
    static float w[VALUES][VALUES];
    for (int i = 0; i < VALUES; i++)
        for (int k = 0; k < VALUES; k++)
            w[i][k] = -100;
    for (int i = 0; i < n; i++)
        w[(int)given[i].after][(int)given[i].value] = given[i].score;
    write_parameter(
        dir, "W",
        (gr_array){.type = GR_F32, .rank = 2, .dim = {VALUES, VALUES}, .data = w});
}

static const Score circle[] = {{'a', 'b', 1},  {'b', 'c', 1}, {'c', 'a', 1},
                               {'\n', 'a', 1}, {0, 1, 1},     {1, 2, 1}};

static char *build_pairs(const Score *given, int n)
{
    char *dir = build_text(pairs, "");
    write_scores(dir, given, n);
    return dir;
}

static const char *generated(const char *dir, const char *options)
{
    return must("cd %s && ./m generate -p p.safetensors %s", dir, options).out;
}

Test(generate, the_likeliest)
{
    char *dir = build_pairs(circle, 6);
    cr_assert_str_eq(generated(dir, "--temperature 0 --length 7 --prompt b"), "bcabcabc\n");
    cr_assert_str_eq(
        generated(dir, "--temperature 0 --length 3 --prompt 'out of reach: ab'"),
        "out of reach: abcab\n");
    cr_assert_str_eq(generated(dir, "--top-k 1 --length 4"), "\nabca\n");
    cr_assert_str_eq(generated(dir, "--top-k 1 --length 1 --numbers"), "0 1 \n");
    cr_assert_str_eq(generated(dir, "--top-k 1 --length 1 --numbers --prompt 98,0"),
                     "98 0 1 \n");
}

static int count(const char *s, char c)
{
    int n = 0;
    for (; *s; s++)
        n += *s == c;
    return n;
}

/* p = 0.5, 0.25, 0.15, 0.1 whatever came before, so that each draw is independent: of 4000
 * a share p is within 5 deviations sqrt(p (1 - p) / 4000). */
Test(generate, as_often_as_the_scores_say)
{
    static const double p[] = {0.5, 0.25, 0.15, 0.1};
    Score s[16];
    for (int i = 0; i < 16; i++)
        s[i] =
            (Score){(char)('a' + i / 4), (char)('a' + i % 4), (float)(3 + log(p[i % 4]))};
    char *dir = build_pairs(s, 16);
    const char *out = generated(dir, "--length 4000 --prompt a --seed 5");
    for (int i = 0; i < 4; i++)
        cr_assert(fabs(count(out, 'a' + (char)i) / 4000.0 - p[i]) <
                      5 * sqrt(p[i] * (1 - p[i]) / 4000),
                  "%c: %d", 'a' + i, count(out, 'a' + (char)i));

    /* A temperature of 1/2 squares the ratio of two: 4 to 1 of the first two. */
    out = generated(dir, "--length 4000 --prompt a --seed 5 --top-k 2 --temperature 0.5");
    cr_assert(fabs(count(out, 'a') / 4000.0 - 0.8) < 5 * sqrt(0.16 / 4000));
    cr_assert_eq(count(out, 'a') + count(out, 'b'), 4001);
}

Test(generate, seed_decides)
{
    char *dir = build_text(pairs, "");
    write_scores(dir, NULL, 0);
    const char *one = generated(dir, "--numbers --length 50 --seed 1");
    cr_assert_str_eq(one, generated(dir, "--numbers --length 50 --seed 1 --threads 1"));
    cr_assert(strcmp(one, generated(dir, "--numbers --length 50 --seed 2")) != 0);
}

/* A score for what was there three places before: the window must hold the last four
 * values, in order, wherever it has moved to. */
static const char echo[] = "model echo {\n"
                           "  input text[4] : index < 128\n"
                           "  param w = 9\n"
                           "  z[t < 4, v < 128] = if v == text[t - 3 | 120] then w else 0\n"
                           "  loss z[0, 0]\n"
                           "  output z\n"
                           "}\n";

Test(generate, the_window_moves_along)
{
    char *dir = build_text(echo, "");
    float w = 9;
    write_parameter(dir, "w", (gr_array){.type = GR_F32, .data = &w});
    cr_assert_str_eq(generated(dir, "--temperature 0 --length 12 --prompt abcd"),
                     "abcdabcdabcdabcd\n");
}

/* From a text to what follows it, by way of training. */
Test(generate, what_was_learned)
{
    char *dir = build_text(pairs, "");
    must("cd %s && yes 'to and fro;' | head -n 9 >t.txt && ./m train -q text=t.txt "
         "next=t.txt+1",
         dir);
    const char *out =
        must("cd %s && ./m generate --prompt f --temperature 0 --length 2", dir).out;
    cr_assert_str_eq(out, "fro\n");
}

/* ---- mistakes ---- */

static void fails(const char *dir, const char *options, const char *says)
{
    Run r = run("cd %s && ./m generate -p p.safetensors %s", dir, options);
    cr_assert(r.status == 2 && strstr(r.err, says), "exit %d, no \"%s\" in: %s", r.status,
              says, r.err);
}

Test(generate, mistakes)
{
    char *dir = build_pairs(circle, 6);
    fails(dir, "--prompt 'ä'", "--prompt: byte 195 is not below 128, as 'text' is");
    fails(dir, "--numbers --prompt '1 128'",
          "--prompt: number 128 is not below 128, as 'text' is");
    fails(dir, "--numbers --prompt '1 x'", "--prompt: 'x' is no number");
    fails(dir, "--temperature -1", "--temperature takes a number, 0 or more, not '-1'");
    fails(dir, "--output y", "'generate' takes an output of shape (4, 128)");
    write_scores(dir, &(Score){'\n', 'a', NAN}, 1);
    cr_assert_eq(generated(dir, "--length 50")[0], '\n', "what is no number is not drawn");
    write_scores(dir, &(Score){'\n', 'a', INFINITY}, 1);
    fails(dir, "", "a score is inf");
}
