/* The examples learn: each is built, trained for a moment, and does what it is for. Where
 * the full size takes long, it is made smaller by -D; `gradc check` of all of them is in
 * grad.c. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(examples, .timeout = 300);

static char *build_example(const char *name, const char *options)
{
    return build(text(SOURCE "/examples/%s/%s.nn", name, name), options);
}

/* Train; what eval says of the `test` data. In both, $E is the folder of examples. */
static const char *learn(const char *dir, const char *train, const char *test)
{
    must("cd %s && E=$SOURCE/examples && ./m train -q --out run %s", dir, train);
    check_onnx(dir, text("%s/run", dir));
    run_onnx(dir, text("%s/run", dir));
    return must("cd %s && E=$SOURCE/examples && ./m eval --params run %s", dir, test).out;
}

/* The number after NAME in a line of figures. */
static double figure(const char *line, const char *name)
{
    const char *s = strstr(line, text("  %s ", name)), *number = s + strlen(name) + 3;
    char *end = NULL;
    double x = s ? strtod(number, &end) : 0;
    cr_assert(s && end > number, "no %s in: %s", name, line);
    return x;
}

static void at_least(const char *line, const char *name, double least)
{
    cr_assert(figure(line, name) >= least, "%s is to be %g: %s", name, least, line);
}

static void at_most(const char *line, const char *name, double most)
{
    cr_assert(figure(line, name) <= most, "%s is to be %g: %s", name, most, line);
}

/* ---- Tables ---- */

#define DIGITS(file) "pixels=$E/digits/" file ":0-63 digit=$E/digits/" file ":64"

Test(examples, digits)
{
    char *dir = build_example("digits", "");
    at_least(learn(dir, DIGITS("train.csv"), DIGITS("test.csv")), "accuracy", 0.97);
}

Test(examples, iris)
{
    char *dir = build_example("iris", "");
    const char *data = "x=$E/iris/iris.csv:0-3 species=$E/iris/iris.csv:4";
    at_least(learn(dir, data, data), "accuracy", 0.95);
}

Test(examples, exclusive_or)
{
    char *dir = build_example("xor", "");
    const char *data = "x=$E/xor/xor.csv:0-1 y=$E/xor/xor.csv:2";
    at_least(learn(dir, data, data), "accuracy", 1);
}

/* A scalar function, a layer, a loss and an optimizer that are in no library. */
Test(examples, custom)
{
    char *dir = build_example("custom", "");
    at_least(learn(dir, DIGITS("train.csv"), DIGITS("test.csv")), "accuracy", 0.95);
}

#define TRIPLETS(file) "picture=" file ":0-63 like=" file ":64-127 unlike=" file ":128-191"

Test(examples, triplet)
{
    char *dir = build_example("triplet", "");
    must("cd %s && for part in train test; do awk -f $SOURCE/examples/triplet/triplets.awk "
         "$SOURCE/examples/digits/$part.csv >$part.csv; done",
         dir);
    at_least(learn(dir, TRIPLETS("train.csv"), TRIPLETS("test.csv")), "right", 0.95);
}

/* ---- Images ---- */

#define FASHION   "/usr/share/datasets/fashion-mnist/"
#define IMAGES(s) "image=" FASHION s "-images-idx3-ubyte.gz"
#define KINDS(s)  " kind=" FASHION s "-labels-idx1-ubyte.gz"

static void need_fashion(void)
{
    if (!exists(FASHION "train-images-idx3-ubyte.gz"))
        cr_skip_test("dataset-fashion-mnist is not installed");
}

static void learn_fashion(const char *name, const char *options, int steps, double least)
{
    need_fashion();
    char *dir = build_example(name, options);
    const char *train = text(IMAGES("train") KINDS("train") " --max-steps %d", steps);
    at_least(learn(dir, train, IMAGES("t10k") KINDS("t10k") " --rows 1000"), "accuracy",
             least);
}

Test(examples, fashion) { learn_fashion("fashion", "", 500, 0.75); }

Test(examples, lenet) { learn_fashion("lenet", "", 100, 0.65); }

Test(examples, resnet)
{
    if (SANITIZED)
        cr_skip_test("convolutions go the same way in lenet in less time");
    learn_fashion("resnet", "-D width=4", 150, 0.5);
}

/* The file is an image of so many pixels. */
static void assert_image(const char *path, int wide, int high)
{
    const char *head = text("P5\\n%d %d\\n255\\n", wide, high);
    must("printf '%s' >%s.head && head -c $(wc -c <%s.head) %s | cmp - %s.head && "
         "test $(wc -c <%s) = $(($(wc -c <%s.head) + %d))",
         head, path, path, path, path, path, path, wide * high);
}

Test(examples, denoise)
{
    need_fashion();
    char *dir = build_example("denoise", "");
    const char *line =
        learn(dir, IMAGES("train") " --max-steps 200", IMAGES("t10k") " --rows 640");
    at_most(line, "loss", figure(line, "before") / 4);
    must("cd %s && ./m predict -p run " IMAGES("t10k") " --output clean --rows 20 -o o.pgm",
         dir);
    assert_image(text("%s/o.pgm", dir), 5 * 28, 4 * 28);
}

/* A picture costs 784 log 2 = 543 when nothing is known of it. */
Test(examples, vae)
{
    if (SANITIZED)
        cr_skip_test("denoise goes the same way in less time");
    need_fashion();
    char *dir = build_example("vae", "");
    const char *line =
        learn(dir, IMAGES("train") " --max-steps 200", IMAGES("t10k") " --rows 640");
    at_most(line, "loss", 350);
    at_least(line, "distance", 1);
    must("cd %s && ./m predict -p run --output drawn --seed 5 -o o.pgm", dir);
    assert_image(text("%s/o.pgm", dir), 8 * 28, 8 * 28);
}

/* ---- Sequences ---- */

/* Two tides of 12.42 and 12 hours, and a little that nobody can know. */
static void write_tides(const char *path)
{
    must("awk 'BEGIN { print \"height\"; for (t = 0; t < 4000; t++) print "
         "sin(t * 6.2832/12.42) + 0.4 * sin(t * 6.2832/12) + 0.05 * sin(t * t) }' >%s",
         path);
}

Test(examples, forecast)
{
    char *dir = build_example("forecast", "");
    write_tides(text("%s/tides.csv", dir));
    const char *data = "past=tides.csv:height next=tides.csv:height+6";
    const char *line = learn(dir, text("%s --every 16 --epochs 30", data), data);
    at_most(line, "loss", figure(line, "persistence") / 20);
}

/* Text that goes round and round, so that all of it can be known but where it starts. */
static void learn_song(const char *name, const char *options)
{
    char *dir = build_example(name, options);
    must("cd %s && yes 'row, row, row your boat' | head -n 1000 >song.txt", dir);
    const char *data = "text=song.txt next=song.txt+1";
    at_most(learn(dir, text("%s --every 7 --epochs 14 --validation 0", data), data), "loss",
            0.2);
    const char *out =
        must("cd %s && ./m generate -p run --temperature 0 --prompt 'row y' --length 12",
             dir)
            .out;
    cr_assert_str_eq(out, "row your boat\nrow\n", "%s", name);
}

Test(examples, charlstm)
{
    if (SANITIZED)
        cr_skip_test("the transformer goes the same way in less time");
    learn_song("charlstm", "-D T=16 -D width=8 -D hidden=32");
}

Test(examples, gpt) { learn_song("gpt", "-D T=16 -D width=16 -D heads=2 -D layers=2"); }

/* Some names end in -ell or -ina, and others in -ork or -us. */
Test(examples, names)
{
    char *dir = build_example("names", "");
    must("cd %s && awk 'BEGIN { split(\"ell ina ork us\", ending); for (n = 0; n < 2000; "
         "n++) "
         "{ s = \"\"; for (k = n; k > 0; k = int(k / 7)) s = s substr(\"bamkotu\", k %% 7 "
         "+ 1, 1);"
         "print s ending[n %% 4 + 1], int(n %% 4 / 2) } }' >pairs; "
         "awk '{ printf \"%%16s\", $1 }' pairs >names.txt; "
         "awk '{ print $2 }' pairs >groups.csv",
         dir);
    const char *data = "name=names.txt group=groups.csv";
    at_least(learn(dir, text("%s --epochs 2", data), data), "accuracy", 0.99);
}
