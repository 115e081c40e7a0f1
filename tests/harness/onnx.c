/* The forward equations as ONNX. The examples and the programs of e2e are checked, too,
 * where they are built; here is what none of them has. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(onnx, .timeout = 300);

/* What draws random numbers is refused, and says so. */
static bool is_refused(const char *dir, const char *params)
{
    Run r = run("%s/m export -p %s -o %s/m.onnx", dir, params, dir);
    return r.status == 2 && strstr(r.err, "draws random numbers");
}

void check_onnx(const char *dir, const char *params)
{
    if (SANITIZED || is_refused(dir, params))
        return;
    Run r =
        run("PATH=/usr/bin:$PATH; python3 $SOURCE/tests/onnx/check.py %s %s", dir, params);
    if (r.status == 77)
        fprintf(stderr, "skipped: ONNX is %s", r.err);
    else
        cr_assert_eq(r.status, 0, "%s%s", r.out, r.err);
}

void run_onnx(const char *dir, const char *params)
{
    if (SANITIZED || is_refused(dir, params))
        return;
    if (run("cd $SOURCE/tests/onnx && node -e 'require.resolve(\"onnxruntime-web\")'")
            .status)
        fprintf(stderr, "skipped: ONNX is not run: no onnxruntime-web\n");
    else
        must("node $SOURCE/tests/onnx/run.mjs %s %s", dir, params);
}

/* Subscripts that meet, leave and go by data; recurrences both ways; what has no batch, and
 * what is computed across it; positions among equals; an output that is an input. */
static const char program[] =
    "model odd {\n"
    "  input x[4]\n"
    "  input k : index < 6\n"
    "  input b[2, 3] : byte\n"
    "  input y\n"
    "  param W[4, 4] = normal(0, 1)\n"
    "  param v = 0.5\n"
    "  a[i < 4] = x[i + k - 2 | -1]\n"
    "  c[i < 4, j < 4] = W[(k + i) / 3, j] + i * x[j]\n"
    "  d[i] = W[i, i] * x[3 - i]\n"
    "  e[i, j] = W[j, i] - W[i, j]\n"
    "  f[t < 4] = x[t] + v * f[t+1 | 0]\n"
    "  g[t < 4] = f[t] * x[t] + g[t-2 | v]\n"
    "  h[i] = x[i] - mean(batch) x[i]\n"
    "  u[i, j] = floor(c[i, j])\n"
    "  m = argmax(i, j) u[i, j]\n"
    "  o[i < 3, j < 2] = b[j, i] % 7\n"
    "  p[i < 2, j < 2, l < 3] = x[(2*i + j + 1) % 4] * o[l, j]\n"
    "  q = sum(i, j, l) p[i, j, l] * x[2*i] * W[j + 1, 3 - l]\n"
    "  r = prod(i) (if i > k then x[i] else 1 + x[i])\n"
    "  s = min(i < 4, j < 4) 3\n"
    "  loss (q + v - y)^2\n"
    "  output x\n  output a\n  output c\n  output d\n  output e\n  output f\n  output g\n"
    "  output h\n  output m\n  output o\n  output p\n  output q\n  output r\n  output s\n"
    "  train { batch = 4  optimizer = sgd(lr = 0.1) }\n"
    "}\n";

static const char data[] =
    "0.1,0.5,-0.2,0.9,0,1,2,3,4,5,255,1\n0.3,0.4,-0.6,0.2,5,9,8,7,6,5,4,2\n";

static char *trained(const char *options)
{
    char *dir = build_text(program, "");
    write_text(text("%s/d.csv", dir), data);
    must("cd %s && ./m train x=d.csv:0-3 k=d.csv:4 b=d.csv:5-10 y=d.csv:11 -q -o run %s",
         dir, options);
    return dir;
}

Test(onnx, odd_subscripts)
{
    char *dir = trained("");
    check_onnx(dir, text("%s/run", dir));
    run_onnx(dir, text("%s/run", dir));
}

Test(onnx, standardised_inputs)
{
    char *dir = trained("--standardize x --missing median");
    check_onnx(dir, text("%s/run", dir));
    run_onnx(dir, text("%s/run", dir));
}

Test(onnx, refuses)
{
    char *dir = build_text("model dice {\n"
                           "  input x\n"
                           "  param w = 1\n"
                           "  z = w * x + uniform(0, 1)\n"
                           "  loss z^2\n"
                           "  output z\n"
                           "}\n",
                           "");
    write_text(text("%s/x.csv", dir), "1\n2\n");
    Run r = run("cd %s && ./m train x=x.csv -q && ./m export -o m.onnx", dir);
    cr_assert_eq(r.status, 2);
    cr_assert(strstr(r.err, "error: no ONNX: 'z' draws random numbers, "), "%s", r.err);
    cr_assert(!exists(text("%s/m.onnx", dir)));
}
