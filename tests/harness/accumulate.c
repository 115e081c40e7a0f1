/* Gradients over several batches: the numbers are those of one batch as large as they are
 * together. */
#include "numbers.h"
#include "run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(accumulate, .timeout = 300);

/* What looks at the number of an update, at all gradients at once, or keeps states. */
static char *build_net(const char *batches, const char *total)
{
    return build_text(text("model net {\n"
                           "  input x[5]\n"
                           "  input t : index < 3\n"
                           "  z = dense(tanh(dense(x, 7)), 3)\n"
                           "  scale = 1 + 0.1 * step\n"
                           "  loss scale * cross_entropy(z, t)\n"
                           "  train {\n"
                           "    %s\n"
                           "    optimizer = adamw(lr = 0.02 * cosine(2, %s))\n"
                           "    clip = clip_norm(grad, 0.3, grad_norm)\n"
                           "    average = ema(average, param, 0.5)\n"
                           "  }\n"
                           "}\n",
                           batches, total),
                      "--real f64");
}

/* 22 examples: an epoch is 12 and 10, or 4, 4, 4 and 4, 4, 2. */
static char *make_data(void)
{
    char *rows = "", *file = text("%s/d.csv", scratch());
    for (int i = 0; i < 22; i++) {
        for (int k = 0; k < 5; k++)
            rows = text("%s%.17g,", rows, sin(1 + i * (k + 3)));
        rows = text("%s%d\n", rows, i * i % 3);
    }
    write_text(file, rows);
    return file;
}

static void train(const char *dir, const char *data, const char *options)
{
    must("cd %s && ./m train x=%s:0-4 t=%s:5 --epochs 4 %s", dir, data, data, options);
}

static gr_safetensors last(const char *dir)
{
    return load(text("%s/r/last.safetensors", dir));
}

Test(accumulate, is_a_larger_batch)
{
    char *data = make_data();
    char *large = build_net("batch = 12", "steps"),
         *small = build_net("batch = 4  accumulate = 3", "steps");
    train(large, data, "-o r");
    train(small, data, "-o r");
    gr_safetensors want = last(large), got = last(small);
    for (int i = 0; i < want.tensors; i++) {
        const gr_named *t = &want.tensor[i];
        const gr_array *a = gr_tensor_named(&got, t->name);
        cr_assert(a, "no '%s'", t->name);
        compare(t->name, a, &t->array, 1e-12);
    }
    cr_assert(want.tensors == 4 * 4, "%d tensors", want.tensors);
}

Test(accumulate, goes_on_after_an_interruption)
{
    char *data = make_data(), *dir = build_net("batch = 4  accumulate = 3", "8");
    train(dir, data, "-o r");
    for (int stop = 1; stop <= 7; stop += 3) {
        train(dir, data, text("-o s --max-steps %d", stop));
        train(dir, data, "-o s --resume");
        must("cd %s && cmp r/last.safetensors s/last.safetensors && rm -r s", dir);
    }
}

/* The first two batches change no parameter, the third does. */
Test(accumulate, waits_for_the_last)
{
    char *data = make_data(), *dir = build_net("batch = 4  accumulate = 3", "8");
    for (int steps = 1; steps <= 3; steps++)
        train(dir, data, text("-o %d --max-steps %d", steps, steps));
    gr_safetensors s[3];
    for (int i = 0; i < 3; i++)
        s[i] = load(text("%s/%d/last.safetensors", dir, i + 1));
    const gr_array *w[3];
    for (int i = 0; i < 3; i++)
        cr_assert(w[i] = gr_tensor_named(&s[i], "z.dense.W"));
    compare("z.dense.W", w[0], w[1], 0);
    cr_assert(gr_element(w[1], 0) != gr_element(w[2], 0));
}

Test(accumulate, is_listed)
{
    char *dir = build_net("batch = 4  accumulate = 3", "8");
    cr_assert(strstr(must("%s/m info", dir).out, "batch 4, an update every 3 batches\n"));
}
