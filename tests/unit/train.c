/* The trainer as its users meet it: numbers, files, messages, exit codes. */
#include <criterion/criterion.h>

#include "trainer.h"

static void enter(void)
{
    enter_folder();
    write_examples();
}

TestSuite(train, .init = enter);
TestSuite(verbs, .init = enter);
TestSuite(mistakes, .init = enter);

static void near(const gr_array *a, const double *want, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        cr_assert(fabs(gr_element(a, i) - want[i]) <= tolerance,
                  "element %zu is %.17g, not %.17g", i, gr_element(a, i), want[i]);
}

#define NEAR(file, name, tolerance, ...)                                                   \
    near(tensor(file, name), (const double[]){__VA_ARGS__},                                \
         sizeof((const double[]){__VA_ARGS__}) / sizeof(double), tolerance)

/* ---- training ---- */

Test(train, finds_the_line)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 300"), 0, "%s", text_of("err"));
    NEAR("line.run/best.safetensors", "w", 1e-9, 2, -1, 0.5);
    double b = gr_element(tensor("line.run/best.safetensors", "b"), 0);
    NEAR("line.run/best.safetensors", "c", 1e-9, 1 - b, 2 - b, -1 - b);
    NEAR("line.run/last.safetensors", "seen", 0, 300 * 100);
    cr_assert_eq(sh("./t eval " DATA), 0);
    cr_assert(strncmp(text_of("out"), "100 examples  loss ", 19) == 0, "%s",
              text_of("out"));
}

Test(train, says_what_it_does)
{
    cr_assert_eq(
        sh("./t train " DATA "--epochs=2 | sed 's/  [0-9.]* s$//; s/in [0-9.]* s;/in T;/'"),
        0);
    const char *before = "model line, F64, batch 8\n"
                         "parameters:\n"
                         "  w     (3)                       3  F64\n"
                         "  c     (3)                       3  F64\n"
                         "  b     ()                        1  F64\n"
                         "7 parameters, 1 numbers of state, 7 of the optimizer\n";
    cr_assert(strncmp(text_of("out"), before, strlen(before)) == 0, "%s", text_of("out"));
    cr_assert(strstr(text_of("out"),
                     "\n100 examples, 0 to validate with; 13 steps of up to 8 in an epoch, 26 in "
                     "all\nepoch 1/2  loss "),
              "%s", text_of("out"));
    cr_assert(strstr(text_of("out"), "\nepoch 2/2  loss 0."));
    cr_assert(strstr(text_of("out"), "\n26 steps in T; best epoch 2, loss 0."));
    cr_assert(strstr(text_of("out"), "; saved line.run/best.safetensors\n"));
    cr_assert_eq(sh("./t train " DATA "--epochs 2 --quiet"), 0);
    cr_assert_str_eq(text_of("out"), "");
    cr_assert_eq(sh("./t train " DATA "--epochs 1000 | grep -c ^epoch"), 0);
    cr_assert_str_eq(text_of("out"), "100\n");
}

/* What is left on a terminal, after half a second; each drawing a line. */
static int on_a_terminal(const char *environment, const char *pattern)
{
    return sh("%s script -qec \"stty cols 150; ./t train " DATA
              "--epochs 1000000 --max-time 0.5 --threads 1\" log;"
              "tr '\\r' '\\n' <log | grep -aqE '%s'",
              environment, pattern);
}

Test(train, draws_a_line)
{
    cr_assert_eq(
        on_a_terminal("TERM=xterm",
                      "^epoch +[0-9]+/1000000  step [0-9]+  ETA [0-9:]+  loss [0-9.e-]+  "
                      "near [0-9.]+  lr 0.05  gradient [0-9.e-]+  [0-9.]+k?/s"),
        0, "%s", text_of("log"));
    cr_assert_eq(on_a_terminal("TERM=dumb", "ETA"), 1);
    cr_assert_eq(on_a_terminal("NO_COLOR=1 TERM=xterm", "\033\\[[0-9;]*m"), 1, "a colour");
}

Test(train, threads_change_nothing)
{
    for (int threads = 1; threads <= 3; threads++)
        cr_assert_eq(sh("./t train " DATA "--threads %d -o %d", threads, threads), 0);
    cr_assert_eq(sh("cmp 1/last.safetensors 2/last.safetensors &&"
                    "cmp 1/last.safetensors 3/last.safetensors &&"
                    "cmp 1/best.safetensors 3/best.safetensors"),
                 0, "%s", text_of("out"));
}

Test(train, seed_decides)
{
    cr_assert_eq(sh("./t train " DATA "--seed 7 -o a && ./t train " DATA "-o b &&"
                    "./t train " DATA
                    "seed=8 -o c && cmp a/last.safetensors b/last.safetensors"),
                 0);
    cr_assert_eq(sh("cmp a/last.safetensors c/last.safetensors"), 1);
}

/* Stopped within an epoch, at its end, and in the first one. */
Test(train, resumes_exactly)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 6 -o whole"), 0);
    static const int stops[] = {5, 26, 40};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(
            sh("rm -rf r; ./t train " DATA "--epochs 6 --max-steps %d -o r", stops[i]), 0);
        cr_assert_eq(sh("cmp whole/last.safetensors r/last.safetensors"), 1);
        cr_assert_eq(sh("./t train " DATA "--epochs 6 -o r --resume"), 0, "%s",
                     text_of("err"));
        cr_assert_eq(sh("cmp whole/last.safetensors r/last.safetensors &&"
                        "cmp whole/best.safetensors r/best.safetensors"),
                     0, "after %d: %s", stops[i], text_of("out"));
    }
}

Test(train, resumed_after_the_end)
{
    cr_assert_eq(sh("./t train " DATA
                    "--max-steps 5 -q && cp line.run/last.safetensors l &&"
                    "./t train " DATA
                    "--max-steps 5 -q --resume && cmp l line.run/last.safetensors"),
                 0, "%s", text_of("err"));
    cr_assert_eq(sh("./t train " DATA "--seed 8 --resume"), 2);
    cr_assert_str_eq(text_of("err"),
                     "line: error: line.run/last.safetensors: has seed 7, but "
                     "--seed is 8\n");
}

/* Send a signal to a run of a million epochs once it has begun; its exit code. */
static int interrupt(const char *signal)
{
    return sh("rm -rf line.run; ./t train " DATA
              "--epochs 1000000 --threads 1 >log & p=$!\n"
              "for i in $(seq 300); do grep -q epoch log && break; sleep 0.1; done\n"
              "kill -%s $p; wait $p",
              signal);
}

Test(train, interrupted)
{
    gr_bytes b;
    gr_error e;
    gr_safetensors s;
    cr_assert_eq(interrupt("TERM"), 143, "%s", text_of("err"));
    cr_assert_eq(interrupt("INT"), 130, "%s", text_of("err"));
    cr_assert(strstr(text_of("log"), "; saved line.run/best.safetensors"), "%s",
              text_of("log"));
    cr_assert(gr_read_file("line.run/last.safetensors", &b, &e), "%s; %s", e.text,
              text_of("log"));
    cr_assert(gr_parse_safetensors(b.data, b.size, &s, &e));
    cr_assert_eq(sh("./t train " DATA "--epochs 1000000 --max-steps %s -q -o same &&"
                    "cmp same/last.safetensors line.run/last.safetensors",
                    gr_note_named(&s, "step")),
                 0, "interrupted after a whole step");
    cr_assert_eq(sh("ls line.run | grep -c tmp"), 1, "no temporary file stays");
}

Test(train, begins_with_parameters)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 300 -q && ./t export -o p.safetensors &&"
                    "./t train " DATA "--epochs 1 -o again -p p.safetensors"),
                 0, "%s", text_of("err"));
    NEAR("again/last.safetensors", "w", 1e-9, 2, -1, 0.5);
    cr_assert_eq(sh("./t train " DATA "--epochs 1 -o again -p line.run"), 0);
}

Test(train, validates)
{
    cr_assert_eq(sh("./t train " DATA "--validation 0.25 --epochs 1"), 0, "%s",
                 text_of("err"));
    cr_assert(strstr(text_of("out"), "val.loss"));
    NEAR("line.run/last.safetensors", "seen", 0, 75);
    cr_assert_eq(sh("head -n 21 d.csv >v.csv; ./t train " DATA
                    "val.x=v.csv:0-2 val.k=v.csv:kind val.y=v.csv:y --epochs 1 -o w"),
                 0, "%s", text_of("err"));
    cr_assert(strstr(text_of("out"), "val.loss"));
    NEAR("w/last.safetensors", "seen", 0, 100);
    cr_assert_eq(sh("./t train " DATA "--validation 0.001"), 2);
}

/* Figures are of every epoch; norms of those that have a line. At the end of the third epoch
 * the batch is the last four examples of its order, which the gradient is of. */
Test(train, writes_metrics)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 3 --validation 0.2"), 0, "%s", text_of("err"));
    double loss, val, gradient, update;
    int lines = sscanf(text_of("line.run/metrics.csv"),
                       "epoch,step,loss,near,val.loss,val.near,lr,gradient,update\n"
                       "1,10,%lf,%*f,%lf,%*f,0.05,%lf,%lf\n2,20,",
                       &loss, &val, &gradient, &update);
    cr_assert_eq(lines, 4, "%s", text_of("line.run/metrics.csv"));
    cr_assert(loss > 0 && val > 0 && gradient > 0 && update > 0 && update < 1);
    const char *json = text_of("line.run/metrics.jsonl");
    cr_assert_eq(sscanf(json, "{\"epoch\":1,\"step\":10,\"loss\":%lf", &val), 1, "%s", json);
    cr_assert_eq(loss, val);
    cr_assert_eq(sh("wc -l <line.run/metrics.csv; wc -l <line.run/metrics.jsonl;"
                    "./t train " DATA "--epochs 1000 -q && wc -l <line.run/metrics.csv &&"
                    "grep -c '[0-9]$' line.run/metrics.csv"),
                 0);
    cr_assert_str_eq(text_of("out"), "4\n3\n1001\n100\n");
}

/* One batch of four, so that the gradient after the only epoch is that of `grad`. */
Test(train, norm_of_the_gradient)
{
    cr_assert_eq(sh("head -n 5 d.csv >e.csv; E='x=e.csv:0-2 k=e.csv:kind y=e.csv:y';"
                    "./t train $E --epochs 1 -q &&"
                    "./t grad $E -p line.run/last.safetensors -o g.safetensors"),
                 0, "%s", text_of("err"));
    double sum = 0, norm = 0, update = 0;
    static const char *const name[] = {"grad.w", "grad.c", "grad.b"};
    for (int i = 0; i < 3; i++)
        for (size_t k = 0; k < (i < 2 ? 3 : 1); k++)
            sum += pow(gr_element(tensor("g.safetensors", name[i]), k), 2);
    sscanf(text_of("line.run/metrics.csv"), "%*s\n1,1,%*f,%*f,0.05,%lf,%lf", &norm, &update);
    cr_assert(fabs(norm - sqrt(sum)) < 1e-6 * norm, "%g, not %g", norm, sqrt(sum));
}

/* Beside them those of each parameter, whose squares add up to theirs; after going on, too. */
Test(train, writes_gradients)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 3 -q && ./t train " DATA "-q -o r --epochs 2 &&"
                    "./t train " DATA "-q -o r --epochs 3 --resume &&"
                    "cmp r/gradients.csv line.run/gradients.csv"),
                 0, "%s%s", text_of("out"), text_of("err"));
    const char *csv = strstr(text_of("line.run/gradients.csv"), "\n3,");
    double all, w, c, b;
    cr_assert(csv && sscanf(csv, "\n3,39,\"w\",%lf,%*f,\n3,39,\"c\",%lf,%*f,\n3,39,\"b\",%lf",
                            &w, &c, &b) == 3,
              "%s", csv);
    sscanf(strstr(text_of("line.run/metrics.csv"), "\n3,"), "\n3,39,%*f,%*f,%*f,%lf", &all);
    cr_assert_float_eq(w * w + c * c + b * b, all * all, 1e-6 * all * all);
}

Test(train, stops_when_nothing_gets_better)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 100000 --patience 5 | tail -n 1"), 0);
    int steps, best, worse;
    cr_assert_eq(sscanf(text_of("out"),
                        "%d steps in %*f s; best epoch %d, loss %*[^;]; stopped after %d that",
                        &steps, &best, &worse),
                 3, "%s", text_of("out"));
    cr_assert_eq(worse, 5);
    cr_assert_eq(steps, 13 * (best + 5));
    sh("cp line.run/last.safetensors l; ./t train " DATA "--patience 5 --resume -q");
    cr_assert_eq(sh("cmp l line.run/last.safetensors"), 0, "it is over");
}

Test(train, stops_in_time)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 100000000 --max-time 0.5 -q; tail -n 1 "
                    "line.run/metrics.jsonl | sed 's/.*\"seconds\"://; s/}//'"),
                 0, "%s", text_of("err"));
    double seconds = atof(text_of("out"));
    cr_assert(seconds > 0.3 && seconds < 0.7, "%g", seconds);
}

Test(train, dry_run)
{
    cr_assert_eq(sh("ls >before; ./t train " DATA "--validation 0.2 --dry-run >log; ls >after;"
                    "sed -i /log/d after; sed -i /after/d after; cmp before after"),
                 0, "%s%s", text_of("out"), text_of("err"));
    cr_assert(strstr(text_of("log"),
                     "\n80 examples, 20 to validate with; 10 steps of up to 8 in an epoch, 30 in "
                     "all\nthe first step:  loss "),
              "%s", text_of("log"));
}

Test(train, overfit)
{
    cr_assert_eq(sh("./t overfit " DATA "--steps 3000 | tail -n 1"), 0, "%s", text_of("err"));
    double from, to;
    cr_assert_eq(sscanf(text_of("out"), "8 examples, 3000 steps: the loss went from %lf to %lf",
                        &from, &to),
                 2, "%s", text_of("out"));
    cr_assert(from > 0.1 && to < 1e-9, "%s", text_of("out"));
    cr_assert_eq(sh("ls -d line.run"), 2);
}

/* With rate 0.05 of its own it learns; a hundred times that is too much. What is printed are
 * the rate, in steps of the same factor, and the loss; what is found lies between. */
Test(train, finds_a_rate)
{
    cr_assert_eq(sh("./t find-lr " DATA "--steps 61 >a && ./t find-lr " DATA "--threads 1"), 0,
                 "%s", text_of("err"));
    double first, second, loss, try, least, own;
    cr_assert_eq(sscanf(text_of("a"), " lr loss %lf %lf %lf", &first, &loss, &second), 3, "%s",
                 text_of("a"));
    cr_assert_float_eq(first, 5e-5, 1e-10);
    cr_assert_float_eq(second / first, pow(10, 0.3), 1e-2, "%g", second);
    const char *last = strstr(text_of("out"), "try lr");
    cr_assert(last && sscanf(last, "try lr = %lf: the loss is half of its way down, and least at "
                                   "%lf; the model has %lf",
                             &try, &least, &own) == 3,
              "%s", text_of("out"));
    cr_assert(5e-3 < try && try < least && least < 5 && own == 0.05, "%s", last);
    cr_assert_eq(sh("ls -d line.run"), 2);
}

/* A column that is always 0: nothing reaches its weight, but the others of w hide that. */
Test(train, warns_of_what_is_not_reached)
{
    cr_assert_eq(sh("sed '2,$s/^[^,]*,[^,]*,[^,]*/0,0,0/' d.csv >z.csv;"
                    "./t train x=z.csv:0-2 k=z.csv:kind y=z.csv:y -q"),
                 0);
    cr_assert_str_eq(text_of("err"), "line: warning: the gradient of 'w' is 0, line.nn:2\n");
}

/* Numbers so large that every step goes further wrong than the one before. */
Test(train, warns_of_what_explodes)
{
    sh("awk -F, -v OFS=, 'NR > 1 {$1 *= 12} 1' d.csv >h.csv;"
       "./t train x=h.csv:0-2 k=h.csv:kind y=h.csv:y -q --epochs 20");
    double from, to;
    cr_assert(strstr(text_of("err"), "line: warning: the gradient of 'w' explodes: from "), "%s",
              text_of("err"));
    cr_assert_eq(sscanf(strstr(text_of("err"), "'w' explodes: "),
                        "'w' explodes: from %lf to %lf, line.nn:2\n", &from, &to),
                 2, "%s", text_of("err"));
    cr_assert(to > 1000 * from);
}

Test(train, loss_without_end)
{
    cr_assert_eq(sh("sed '40s/^[^,]*/1e200/' d.csv >h.csv;"
                    "./t train x=h.csv:0-2 k=h.csv:kind y=h.csv:y"),
                 1);
    cr_assert(strncmp(text_of("err"), "line: the loss is inf at step ", 30) == 0, "%s",
              text_of("err"));
    cr_assert(strstr(text_of("err"), " of epoch 1; nothing is saved\n"
                                     "line: it begins with loss = inf, line.nn:2\n"),
              "%s", text_of("err"));
    cr_assert_eq(sh("ls line.run"), 0);
    cr_assert_str_eq(text_of("out"), "config\nevents.out.tfevents\ngradients.csv\nmetrics.csv\nmetrics.jsonl\n");
}

Test(train, full_disk_leaves_the_old_files)
{
    cr_assert_eq(sh("./t train " DATA "-q && cp -r line.run old"), 0);
    cr_assert_eq(sh("(ulimit -f 0; ./t train " DATA "-q --epochs 9) 2>&1 | cat"), 0);
    cr_assert_str_eq(text_of("out"),
                     "line: error: line.run/config: cannot write: "
                     "File too large\n");
    cr_assert_eq(sh("diff -r old line.run"), 0, "%s", text_of("out"));
    cr_assert_eq(sh("./t predict x=d.csv:0-2 k=d.csv:kind >/dev/full"), 2);
    cr_assert_str_eq(text_of("err"),
                     "line: error: cannot write: No space left on device\n");
}

/* ---- the other verbs ---- */

/* On paper: z = (-1/2, 1/2) and the differences from y are (-3/2, 1/2). */
static void write_batch(int rows)
{
    static double w[] = {1, 0, -1}, c[] = {0, 1, 2}, b = 0.5;
    static float x[] = {1, 2, 3, 0, -1, 2, 0, 0, 0};
    static int64_t k[] = {1, 2, 0};
    static unsigned char y[] = {1, 0, 0};
    gr_named p[] = {{"w", {.type = GR_F64, .rank = 1, .dim = {3}, .data = w}},
                    {"c", {.type = GR_F64, .rank = 1, .dim = {3}, .data = c}},
                    {"b", {.type = GR_F64, .rank = 0, .data = &b}}};
    gr_named i[] = {{"x", {.type = GR_F32, .rank = 2, .dim = {(size_t)rows, 3}, .data = x}},
                    {"k", {.type = GR_I64, .rank = 1, .dim = {(size_t)rows}, .data = k}},
                    {"y", {.type = GR_U8, .rank = 1, .dim = {(size_t)rows}, .data = y}}};
    gr_error e;
    cr_assert(gr_write_safetensors("p.safetensors",
                                   &(gr_safetensors){.tensors = 3, .tensor = p}, &e));
    cr_assert(gr_write_safetensors("i.safetensors",
                                   &(gr_safetensors){.tensors = 3, .tensor = i}, &e));
}

Test(train, names_what_is_no_number)
{
    static float x[] = {1, 2, 3, 0, NAN, 2};
    static unsigned char k[2], y[2];
    gr_named i[] = {{"x", {.type = GR_F32, .rank = 2, .dim = {2, 3}, .data = x}},
                    {"k", {.type = GR_U8, .rank = 1, .dim = {2}, .data = k}},
                    {"y", {.type = GR_U8, .rank = 1, .dim = {2}, .data = y}}};
    gr_error e;
    gr_write_safetensors("i.safetensors", &(gr_safetensors){.tensors = 3, .tensor = i}, &e);
    cr_assert_eq(sh("./t train -i i.safetensors --missing nan"), 1);
    cr_assert_str_eq(text_of("err"), "line: the loss is nan at step 1 of epoch 1; "
                                     "nothing is saved\n"
                                     "line: it begins with x[0, 1] = nan, line.nn:2\n");
}

Test(verbs, grad)
{
    write_batch(2);
    cr_assert_eq(
        sh("./t grad --params p.safetensors --inputs i.safetensors -o g.safetensors"), 0,
        "%s", text_of("err"));
    NEAR("g.safetensors", "loss", 1e-15, 1.25);
    NEAR("g.safetensors", "near", 0, 0);
    NEAR("g.safetensors", "z", 1e-15, -0.5, 0.5);
    cr_assert_eq(tensor("g.safetensors", "z")->dim[0], 2);
    NEAR("g.safetensors", "grad.w", 1e-15, -1.5, -3.5, -3.5);
    NEAR("g.safetensors", "grad.c", 1e-15, 0, -1.5, 0.5);
    NEAR("g.safetensors", "grad.b", 1e-15, -1);
    NEAR("g.safetensors", "grad.x", 1e-15, -1.5, 0, 1.5, 0.5, 0, -0.5);
    cr_assert_eq(tensor("g.safetensors", "grad.x")->type, GR_F64);
}

Test(verbs, grad_without_activations)
{
    write_batch(2);
    cr_assert_eq(sh("./t grad -i i.safetensors --activations -o o.safetensors"), 2);
    cr_assert(strstr(text_of("err"), "'gradc build --watch'"), "%s", text_of("err"));
}

Test(verbs, step)
{
    write_batch(2);
    cr_assert_eq(
        sh("./t step -p p.safetensors -i i.safetensors --steps 1 -o q.safetensors"), 0,
        "%s", text_of("err"));
    NEAR("q.safetensors", "w", 1e-15, 1 + 0.075, 0.175, -1 + 0.175);
    NEAR("q.safetensors", "b.m", 1e-15, -1);
    NEAR("q.safetensors", "seen", 0, 2);
    cr_assert_eq(sh("./t step -p q.safetensors -i i.safetensors --steps 2 -o r.safetensors;"
                    "./t step -p p.safetensors -i i.safetensors --steps 3 -o s.safetensors;"
                    "cmp r.safetensors s.safetensors"),
                 0, "two runs are one");
}

/* What --freeze names has the bytes that it began with, and the rest learns. */
Test(train, freezes)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 1 -q -o a && "
                    "./t train " DATA "--epochs 3 -q -p a -o b --freeze '[bw]'"),
                 0, "%s", text_of("err"));
    double w[3], b = gr_element(tensor("a/best.safetensors", "b"), 0),
                 c = gr_element(tensor("a/best.safetensors", "c"), 0);
    for (size_t i = 0; i < 3; i++)
        w[i] = gr_element(tensor("a/best.safetensors", "w"), i);
    NEAR("b/last.safetensors", "w", 0, w[0], w[1], w[2]);
    NEAR("b/last.safetensors", "b", 0, b);
    cr_assert_neq(gr_element(tensor("b/last.safetensors", "c"), 0), c);
    cr_assert_eq(sh("./t train " DATA "--freeze 'v*'"), 2);
    cr_assert_str_eq(text_of("err"), "line: error: --freeze: no parameter is like 'v*'\n");
}

/* w fits, c does not, b is missing: these begin as they would without. */
Test(verbs, partial_parameters)
{
    double w[4] = {5, 6, 7};
    gr_named p[] = {{"w", {.type = GR_F64, .rank = 1, .dim = {3}, .data = w}},
                    {"v", {.type = GR_F64, .rank = 0, .data = w}},
                    {"c", {.type = GR_F64, .rank = 1, .dim = {4}, .data = w}}};
    gr_error e;
    gr_write_safetensors("p.safetensors", &(gr_safetensors){.tensors = 3, .tensor = p}, &e);
    cr_assert_eq(sh("./t export -p p.safetensors --partial -o q.safetensors"), 0);
    cr_assert_str_eq(text_of("err"), "line: 1 of 3 parameters taken; 'c' is (4), expected (3); "
                                     "no 'b'; 'v' is unknown\n");
    NEAR("q.safetensors", "w", 0, 5, 6, 7);
    cr_assert_eq(sh("./t export -p p.safetensors -o q.safetensors"), 2);
    p[0].name = "u";
    gr_write_safetensors("p.safetensors", &(gr_safetensors){.tensors = 3, .tensor = p}, &e);
    cr_assert_eq(sh("./t export -p p.safetensors --partial -o q.safetensors"), 2);
    cr_assert(strncmp(text_of("err"), "line: error: p.safetensors: no parameter of 'line' fits: ",
                      56) == 0);
}

/* The archive as libarchive takes it apart, sums included; the arrays as a C compiler reads them.
 */
Test(verbs, export_for_others)
{
    write_batch(2);
    cr_assert_eq(sh("./t export -p p.safetensors -o o.npz && ./t export -p p.safetensors -o o.h"),
                 0, "%s", text_of("err"));
    cr_assert_eq(sh("mkdir x && cd x && cmake -E tar xf ../o.npz && ls"), 0,
                 "%s", text_of("err"));
    cr_assert_str_eq(text_of("err"), "", "sums are wrong");
    cr_assert(strstr(text_of("out"), "b.npy\nc.npy\nseen.npy\nw.npy\n"), "%s",
              text_of("out"));
    gr_bytes f;
    gr_array a;
    gr_error e;
    cr_assert(gr_read_file("x/w.npy", &f, &e) && gr_parse_npy(f.data, f.size, &a, &e), "%s",
              e.text);
    near(&a, (const double[]){1, 0, -1}, 3, 0);
    cr_assert_eq(sh("printf '#include \"o.h\"\n#include <stdio.h>\nint main(void) { "
                    "printf(\"%%%%g %%%%g %%%%g\", line_w[0], line_c[2], line_b); return "
                    "line_seen; }' >m.c && clang -Wall -Werror m.c -o m && ./m"),
                 0, "%s", text_of("err"));
    cr_assert_str_eq(text_of("out"), "1 2 0.5");
}

/* 8 GB by its shape; there is no such block. */
Test(mistakes, more_than_npz_holds)
{
    gr_tensor big[sizeof tensors / sizeof *tensors];
    gr_model m = line;
    memcpy(big, tensors, sizeof big);
    big[3].rank = 2;
    big[3].dim[0] = big[3].dim[1] = 1 << 15;
    m.tensor = big;
    cr_assert(freopen("err", "w", stderr) != NULL);
    cr_assert_eq(gr_main(&m, 4, (char *[]){"t", "export", "-o", "o.npz", NULL}), 2);
    fflush(stderr);
    cr_assert_str_eq(text_of("err"), "line: error: o.npz: npz holds less than 4 GB, not 8589934"
                                     "632 bytes; safetensors holds more\n");
}

/* What predict writes is the same in each form: text of stdout and of a file, an array, tensors. */
Test(verbs, predict_in_every_form)
{
    write_batch(2);
    cr_assert_eq(sh("for o in z.csv z.txt z.npy z.safetensors; do ./t predict -p p.safetensors "
                    "-i i.safetensors -o $o || exit; done; cat z.csv; cmp z.csv z.txt &&"
                    "./t predict -p p.safetensors -i i.safetensors | cmp - z.csv"),
                 0, "%s", text_of("err"));
    cr_assert_str_eq(text_of("out"), "z\n-0.5\n0.5\n");
    gr_bytes f;
    gr_array z;
    gr_error e;
    cr_assert(gr_read_file("z.npy", &f, &e) && gr_parse_npy(f.data, f.size, &z, &e));
    cr_assert(z.rank == 1 && z.dim[0] == 2 && z.type == GR_F64);
    near(&z, (const double[]){-0.5, 0.5}, 2, 0);
    NEAR("z.safetensors", "z", 0, -0.5, 0.5);
}

Test(verbs, predict)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 300 -q"), 0);
    cr_assert_eq(sh("printf '1,1,1,red\\n0,0,0,green\\n' >n.csv;"
                    "./t predict x=n.csv:0-2 k=n.csv:3"),
                 0, "%s", text_of("err"));
    double a, b;
    cr_assert_eq(sscanf(text_of("out"), "z\n%lf\n%lf\n", &a, &b), 2, "%s", text_of("out"));
    cr_assert(fabs(a - 0.5) < 1e-9 && fabs(b - 2) < 1e-9);
    cr_assert_eq(sh("./t predict x=d.csv:0-2 k=d.csv:kind -o z.npy"), 0);
    gr_bytes f;
    gr_array z;
    gr_error e;
    cr_assert(gr_read_file("z.npy", &f, &e) && gr_parse_npy(f.data, f.size, &z, &e));
    cr_assert(z.rank == 1 && z.dim[0] == 100 && z.type == GR_F64);
    cr_assert_eq(sh("./t predict x=d.csv:0-2 k=d.csv:kind -o z.csv && "
                    "./t predict x=d.csv:0-2 k=d.csv:kind | cmp - z.csv"),
                 0);
}

/* Windows of three bytes, and the same one byte on; w picks the first less the third. */
Test(verbs, bytes_as_numbers)
{
    write_batch(2);
    cr_assert_eq(sh("printf abzdeydez >text; printf '0\\n0\\n0\\n' >k.csv;"
                    "./t predict -p p.safetensors x=text:bytes k=k.csv"),
                 0, "%s", text_of("err"));
    cr_assert_str_eq(text_of("out"), "z\n-24.5\n-20.5\n-21.5\n");
    cr_assert_eq(sh("printf '0\\n0\\n' >k.csv;"
                    "./t predict -p p.safetensors x=text:bytes+1 k=k.csv"),
                 0, "%s", text_of("err"));
    cr_assert_str_eq(text_of("out"), "z\n-1.5\n1.5\n");
    cr_assert_eq(sh("./t predict -p p.safetensors x=text:bytes+x k=k.csv"), 2);
    cr_assert_eq(sh("./t predict -p p.safetensors x=text:bytes+100 k=k.csv"), 2);
    cr_assert_str_eq(text_of("err"),
                     "line: error: input 'x': 9 steps hold no window of 3 from 100 on\n");
}

/* The same of a series: its squares, with z = x[0] - x[2] + k + 0.5 and the k given in
 * sequence, too. */
Test(verbs, windows)
{
    write_batch(2);
    sh("printf 'a,b\\n0,0\\n1,1\\n4,2\\n9,0\\n16,1\\n25,2\\n36,0\\n' >s.csv; cp s.csv s+1");
    cr_assert_eq(sh("./t predict -p p.safetensors x=s.csv:a k=s.csv:b+0"), 0, "%s",
                 text_of("err"));
    cr_assert_str_eq(text_of("out"), "z\n-3.5\n-15.5\n", "as many as x has");
    cr_assert_eq(sh("./t predict -p p.safetensors x=s.csv:a+1 k=s.csv:b+2 --every 1"), 0);
    cr_assert_str_eq(text_of("out"), "z\n-5.5\n-11.5\n-14.5\n-17.5\n");
    cr_assert_eq(sh("./t predict -p p.safetensors x=s+1:a k=s+1:b+0"), 0, "%s",
                 text_of("err"));
    cr_assert_str_eq(text_of("out"), "z\n-3.5\n-15.5\n", "a file may be called so");
    cr_assert_eq(sh("./t predict -p p.safetensors x=s.csv:a k=s.csv:b+0 --rows 1"), 0);
    cr_assert_str_eq(text_of("out"), "z\n-3.5\n");
}

Test(verbs, info_bench_help)
{
    cr_assert_eq(sh("./t info"), 0);
    cr_assert(
        strstr(text_of("out"), "7 parameters, 1 numbers of state, 7 of the optimizer"));
    cr_assert_eq(sh("./t bench --steps 20"), 0);
    cr_assert(strstr(text_of("out"), "20 steps of 8 examples"));
    cr_assert_eq(sh("./t help"), 0);
    cr_assert(strstr(text_of("out"), "--epochs N"));
    cr_assert_eq(sh("./t train --help"), 0);
}

/* ---- probe: the pipe of gradc check ---- */

static void put_record(FILE *f, const char *name, int n, const double *x)
{
    int32_t length = (int32_t)strlen(name);
    int64_t count = n;
    fwrite(&length, sizeof length, 1, f);
    fputs(name, f);
    fwrite(&count, sizeof count, 1, f);
    fwrite(x, sizeof *x, (size_t)n, f);
}

#define PUT(f, name, ...)                                                                  \
    put_record(f, name, sizeof((const double[]){__VA_ARGS__}) / sizeof(double),            \
               (const double[]){__VA_ARGS__})

static void want_record(FILE *f, const char *name, int n, const double *x)
{
    int32_t length;
    int64_t count;
    char found[100] = "";
    cr_assert_eq(fread(&length, sizeof length, 1, f), 1, "%s", name);
    cr_assert_eq(fread(found, 1, (size_t)length, f), (size_t)length);
    cr_assert_str_eq(found, name);
    cr_assert_eq(fread(&count, sizeof count, 1, f), 1);
    cr_assert_eq(count, n, "%s", name);
    for (int i = 0; i < n; i++) {
        double y;
        cr_assert_eq(fread(&y, sizeof y, 1, f), 1);
        cr_assert(fabs(y - x[i]) < 1e-15, "%s: %.17g", name, y);
    }
}

#define WANT(f, name, ...)                                                                 \
    want_record(f, name, sizeof((const double[]){__VA_ARGS__}) / sizeof(double),           \
                (const double[]){__VA_ARGS__})

static void write_request(void)
{
    FILE *f = fopen("request", "wb");
    PUT(f, "w", 1, 0, -1);
    PUT(f, "c", 0, 1, 2);
    PUT(f, "b", 0.5);
    PUT(f, "w.m", 2, 0, 0);
    PUT(f, "seen", 40);
    PUT(f, "x", 1, 2, 3, 0, -1, 2);
    PUT(f, "k", 1, 2);
    PUT(f, "y", 1, 0);
    PUT(f, "", 2, 1, 5, 3, 9);
    fclose(f);
}

Test(verbs, probe)
{
    write_request();
    cr_assert_eq(sh("./t probe <request >response"), 0, "%s", text_of("err"));
    FILE *f = fopen("response", "rb");
    WANT(f, "z", -0.5, 0.5);
    WANT(f, "loss", 1.25);
    WANT(f, "near", 0);
    WANT(f, "grad.w", -1.5, -3.5, -3.5);
    WANT(f, "grad.c", 0, -1.5, 0.5);
    WANT(f, "grad.b", -1);
    WANT(f, "grad.x", -1.5, 0, 1.5, 0.5, 0, -0.5);
    want_record(f, "", 0, NULL);
    WANT(f, "w", 1 - 0.05 * (2 * 0.5 - 1.5), 0.175, -1 + 0.175);
    WANT(f, "c", 0, 1 + 0.075, 2 - 0.025);
    WANT(f, "b", 0.55);
    WANT(f, "seen", 42);
    WANT(f, "w.m", -0.5, -3.5, -3.5);
    WANT(f, "c.m", 0, -1.5, 0.5);
    WANT(f, "b.m", -1);
    want_record(f, "", 0, NULL);
    cr_assert_eq(fgetc(f), EOF);
}

Test(verbs, probe_cut_anywhere)
{
    write_request();
    for (int n = 0; n < 317; n += 13) {
        cr_assert_eq(sh("head -c %d request | ./t probe", n), 2, "%d bytes", n);
        cr_assert_str_eq(text_of("err"), "line: probe: malformed record\n");
    }
}

/* ---- options ---- */

/* As a shell asks: words so far, the last one to be completed. */
static void completes(const char *words, const char *want)
{
    cr_assert_eq(sh("bash -c 'eval \"$(./t help bash)\"; COMP_WORDS=(./t %s);"
                    "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _line; echo ${COMPREPLY[@]}'",
                    words),
                 0, "%s", text_of("err"));
    cr_assert_str_eq(text_of("out"), want, "%s", words);
}

Test(verbs, completion)
{
    completes("tr", "train\n");
    completes("train --max", "--max-steps --max-time\n");
    completes("eval --e", "--every\n");
    completes("train --resume \"\"", "x= k= y=\n");
    completes("train --params x", "\n");
    completes("train x = d", "\n");
}

/* It is a page without warnings, which says of every option what the help does. */
Test(verbs, manual)
{
    cr_assert_eq(sh("./t help man >t.1 && groff -man -Tascii -ww t.1 >t.txt && cat t.txt"), 0);
    cr_assert_str_eq(text_of("err"), "");
    cr_assert_eq(sh("grep -c '^.TP' t.1; ./t help man | grep -A1 'max.-steps'"), 0);
    cr_assert(strstr(text_of("out"), "stop after N steps. For train.\n"), "%s", text_of("out"));
    cr_assert_eq(sh("./t help train >a; ./t train --help | cmp - a"), 0);
    cr_assert_eq(sh("./t help mn"), 2);
}

Test(verbs, help_fits_a_screen)
{
    cr_assert_eq(sh("./t help >h; for v in train eval predict generate bench; do ./t $v --help; "
                    "done >v; awk 'length > 80' h v"),
                 0);
    cr_assert_str_eq(text_of("out"), "", "too long");
    cr_assert_eq(sh("wc -l <h; ./t train --help"), 0);
    int lines = atoi(text_of("out"));
    cr_assert(lines > 20 && lines <= 50, "%d lines", lines);
    cr_assert(strstr(text_of("out"), "\nhow long:\n      --epochs N         times"), "%s",
              text_of("out"));
    cr_assert_null(strstr(text_of("out"), "--prompt"));
}

Test(verbs, configuration)
{
    sh("printf '# a run\\n x = d.csv:0-2  # three\\nk=d.csv:kind\\ny = none.csv\\n"
       "epochs = 3\\nseed = 9\\nquiet = yes\\nprompt = no train\\n' >c");
    cr_assert_eq(sh("./t train --config c y=d.csv:y seed=8 -o a && "
                    "./t train " DATA "--epochs 3 --seed 8 -o b && "
                    "cmp a/last.safetensors b/last.safetensors"),
                 0, "%s", text_of("err"));
    cr_assert_eq(sh("./t train --config=c y=d.csv:y --print-config >p && "
                    "./t train config=p --print-config | cmp - p && grep '^[^#]' p"),
                 0, "%s%s", text_of("err"), text_of("out"));
    cr_assert_str_eq(text_of("out"), "x = d.csv:0-2\nk = d.csv:kind\ny = d.csv:y\nepochs = 3\n"
                                     "validation = 0\npartial = no\nseed = 9\nsave-every = 15\nkeep = 0\n"
                                     "quiet = yes\n");
    cr_assert_eq(sh("./t train --config a/config -o again && "
                    "cmp a/last.safetensors again/last.safetensors"),
                 0, "what a run leaves makes it again: %s", text_of("err"));
}

/* ---- mistakes: one line, exit 2, nothing written ---- */

static void fails(const char *command, const char *message)
{
    cr_assert_eq(sh("ls >before; %s", command), 2, "%s", command);
    char want[1000];
    snprintf(want, sizeof want, "line: error: %s\n", message);
    cr_assert_str_eq(text_of("err"), want);
    cr_assert_str_eq(text_of("out"), "");
    cr_assert_eq(sh("ls >after; cmp before after"), 0, "%s left something", command);
}

Test(mistakes, words)
{
    sh("true >before >after"); /* so that both lists hold both */
    fails("./t", "no verb; 'help' lists them");
    fails("./t trian", "unknown verb 'trian'; did you mean 'train'?");
    fails("./t trian12345", "unknown verb 'trian12345'; 'help' lists them");
    fails("./t train --epoch 3", "unknown option 'epoch'; did you mean 'epochs'?");
    fails("./t train --epochs", "--epochs N: the value is missing");
    fails("./t train --epochs 3x", "--epochs takes a whole number, not '3x'");
    fails("./t train --epochs 0", "--epochs is 0, expected 1 to 1000000000");
    fails("./t train --seed -1", "--seed takes a whole number, not '-1'");
    fails("./t train --validation 1",
          "--validation takes a number from 0 to below 1, not '1'");
    fails("./t train --resume=maybe", "--resume is yes or no, not 'maybe'");
    fails("./t eval --epochs 3", "'eval' takes no --epochs");
    fails("./t train y=a y=b", "input 'y' is given twice");
    fails("./t train xx=a", "unknown input 'xx'; did you mean 'x'?");
    fails("./t train pixels=a", "unknown input 'pixels'; the inputs are x k y");
    fails("./t train d.csv", "'d.csv' is no NAME=FILE and no --option");
    fails("./t eval val.x=d.csv", "val.x: only 'train' validates");
}

Test(mistakes, configuration)
{
    sh("true >before >after; printf '\\nepoch = 3\\n' >a; printf 'resume = yes\\n' >b;"
       "printf 'epochs = x\\n' >c; printf 'epochs\\n' >d; printf 'x=1\\nx=2\\n' >f");
    fails("./t train --config a", "a:2: unknown option 'epoch'; did you mean 'epochs'?");
    fails("./t train --config b", "b:1: 'resume' has its place on the command line");
    fails("./t train --config c", "c:1: --epochs takes a whole number, not 'x'");
    fails("./t train --config d", "d:1: 'epochs' is no NAME = VALUE");
    fails("./t train --config f", "f:2: input 'x' is given twice");
    fails("./t train --config g", "g: No such file or directory");
    fails("./t train --config", "--config FILE: the value is missing");
    fails("./t train --max-time 3d", "--max-time takes seconds, or like 90m or 8h, not '3d'");
}

Test(mistakes, data)
{
    sh("true >before >after");
    fails("./t train x=d.csv:0-2 k=d.csv:kind", "input 'y' is missing: give y=FILE");
    fails("./t train x=no.csv k=d.csv:kind y=d.csv:y",
          "no.csv: input 'x': No such file or directory");
    fails("./t train x=d.csv:0-1 k=d.csv:kind y=d.csv:y",
          "d.csv: input 'x': found shape (100, 2), expected (rows, 3)");
    fails("./t train x=d.csv:0-2 k=d.csv:knid y=d.csv:y",
          "d.csv: input 'k': no column 'knid'; there are 5, 0-4: a, b, c, kind, y");
    fails("./t train x=d.csv k=d.csv:kind y=d.csv:y",
          "d.csv: input 'x': line 2: column 3 kind is 'blue', not a number");
    fails("./t train x=d.csv:0-2 k=d.csv:kind y=d.csv:z",
          "d.csv: input 'y': no column 'z'; there are 5, 0-4: a, b, c, kind, y");
}

Test(mistakes, windows)
{
    write_batch(2);
    sh("true >before >after; seq 0 8 >a.csv; seq 0 6 >b.csv");
    fails("./t predict -p p.safetensors x=a.csv:0 k=b.csv:0",
          "b.csv: input 'k': row 3 (from 0): 3 is not an index from 0 to 2");
    sh("yes 0 | head -n 7 >b.csv");
    fails("./t predict -p p.safetensors x=a.csv:0 k=b.csv:0",
          "input 'k' has 7 rows, but 'x' has 3 windows");
    fails("./t predict -p p.safetensors x=a.csv:0 k=b.csv:0+1",
          "input 'k' has 7 steps, but 'x' has 9");
    fails("./t predict -p p.safetensors x=a.csv:0+7 k=b.csv:0",
          "input 'x': 9 steps hold no window of 3 from 7 on");
    fails("./t generate -p p.safetensors", "'generate' takes a model with one input to "
                                           "predict from, of the form text[T] : index < V");
}

Test(mistakes, labels)
{
    sh("true >before >after; seq 0 99 >k.csv; head -n 50 d.csv >h.csv; printf '%%s\\n' a b "
       "c d >s.csv;"
       "printf '1,2\\n0,1\\n' >two.csv");
    fails("./t train x=d.csv:0-2 k=k.csv:0 y=d.csv:y",
          "k.csv: input 'k': row 3 (from 0): 3 is not an index from 0 to 2");
    fails("./t train x=d.csv:0-2 k=h.csv:kind y=d.csv:y",
          "input 'k' has 49 rows, but 'x' has 100");
    fails("./t train x=d.csv:0-2 k=two.csv y=d.csv:y",
          "two.csv: input 'k': found shape (2, 2), expected (rows)");
    sh("printf '%%s\\n' a b c d a b >s.csv");
    fails("./t train x=d.csv:0-2 k=s.csv y=d.csv:y",
          "s.csv: input 'k': line 1: column 0 is 'a', not a number");
    fails("./t train x=d.csv:0-2 k=s.csv:0 y=d.csv:y",
          "s.csv: input 'k': the column holds 4 classes, 'a' to 'd', expected at most 3");
}

Test(mistakes, parameters)
{
    write_batch(9 - 6);
    sh("true >before >after; cp p.safetensors q.safetensors; printf 'x' >>q.safetensors");
    fails("./t eval " DATA,
          "no parameters: neither --params nor line.run/best.safetensors, which "
          "'train' writes");
    fails("./t eval " DATA "-p no", "no: No such file or directory");
    fails("./t eval " DATA "-p q.safetensors",
          "q.safetensors: the header says 56 bytes of data, but 57 follow");
    fails("./t eval " DATA "-p d.csv", "d.csv: not a safetensors file");
    fails("./t grad -p i.safetensors -i i.safetensors -o g",
          "i.safetensors: not parameters of 'line': no 'w'; no 'c'; no 'b'");
    double w[4] = {0};
    gr_named p[] = {{"w", {.type = GR_F64, .rank = 1, .dim = {4}, .data = w}},
                    {"v", {.type = GR_F64, .rank = 0, .data = w}},
                    {"w.m", {.type = GR_F64, .rank = 1, .dim = {3}, .data = w}},
                    {"c", {.type = GR_F64, .rank = 1, .dim = {3}, .data = w}}};
    gr_error e;
    gr_write_safetensors("o.safetensors", &(gr_safetensors){.tensors = 4, .tensor = p}, &e);
    sh("ls >before");
    fails("./t grad -p o.safetensors -i i.safetensors -o g",
          "o.safetensors: not parameters of 'line': 'w' is (4), expected (3); no 'b'; no "
          "'c.m'; "
          "and 2 more differences");
    fails("./t grad -p p.safetensors -i i.safetensors", "--out FILE is missing");
}

Test(mistakes, too_many_rows)
{
    cr_assert_eq(sh("./t grad " DATA "-o g"), 2);
    cr_assert_str_eq(text_of("err"),
                     "line: error: 100 rows, but a batch of 'line' takes at most 8\n");
}
