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
    cr_assert(strncmp(text_of("out"), "epoch 1/2  loss ", 16) == 0, "%s", text_of("out"));
    cr_assert(strstr(text_of("out"), "\nepoch 2/2  loss 0."));
    cr_assert(strstr(text_of("out"), "\n26 steps in T; best epoch 2, loss 0."));
    cr_assert(strstr(text_of("out"), "; saved line.run/best.safetensors\n"));
    cr_assert_eq(sh("./t train " DATA "--epochs 2 --quiet"), 0);
    cr_assert_str_eq(text_of("out"), "");
    cr_assert_eq(sh("./t train " DATA "--epochs 1000 | grep -c ^epoch"), 0);
    cr_assert_str_eq(text_of("out"), "100\n");
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

Test(train, loss_without_end)
{
    cr_assert_eq(sh("sed '40s/^[^,]*/1e200/' d.csv >h.csv;"
                    "./t train x=h.csv:0-2 k=h.csv:kind y=h.csv:y"),
                 1);
    cr_assert(strncmp(text_of("err"), "line: the loss is inf at step ", 30) == 0, "%s",
              text_of("err"));
    cr_assert_eq(sh("ls line.run"), 0);
    cr_assert_str_eq(text_of("out"), "");
}

Test(train, full_disk_leaves_the_old_files)
{
    cr_assert_eq(sh("./t train " DATA "-q && cp -r line.run old"), 0);
    cr_assert_eq(sh("(ulimit -f 0; ./t train " DATA "-q --epochs 9) 2>&1 | cat"), 0);
    cr_assert_str_eq(text_of("out"),
                     "line: error: line.run/best.safetensors: cannot write: "
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
    fails("./t train --resume=yes", "--resume takes no value");
    fails("./t eval --epochs 3", "'eval' takes no --epochs");
    fails("./t train y=a y=b", "input 'y' is given twice");
    fails("./t train xx=a", "unknown input 'xx'; did you mean 'x'?");
    fails("./t train pixels=a", "unknown input 'pixels'; the inputs are x k y");
    fails("./t train d.csv", "'d.csv' is no NAME=FILE and no --option");
    fails("./t eval val.x=d.csv", "val.x: only 'train' validates");
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
