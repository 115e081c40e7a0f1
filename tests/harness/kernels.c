/* The innermost loops of products in the machine code that clang makes for a wide machine,
 * this one or not: accumulators stay in registers. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

typedef struct Loops {
    int products; /* innermost loops of multiply-adds and loads, as many as a tile has */
    int stack;    /* vectors they move to or from the stack because registers ran out */
    char *worst;  /* the first of these instructions */
} Loops;

enum { TILE = 8 };

static bool is_spill(const char *line)
{
    const char *note = strstr(line, "64-byte ");
    return note && (strstr(note, "Spill") || strstr(note, "Reload"));
}

/* Lines from `from` to `to` are a loop without a jump into or out of it. */
static void look_at_loop(char **from, char **to, Loops *l)
{
    int fused = 0, others = 0, stack = 0;
    char *worst = NULL;
    for (char **s = from; s < to; s++) {
        if (is_spill(*s)) {
            stack++;
            worst = *s;
        }
        if (strstr(*s, "vfmadd"))
            fused++;
        else if (strstr(*s, "zmm") && !is_spill(*s))
            others++;
    }
    if (fused < TILE || 2 * others > 3 * fused)
        return;
    l->products++;
    l->stack += stack;
    l->worst = worst ? worst : l->worst;
}

/* "	jl	.LBB0_4" jumps to the label of that name. */
static bool jumps_to(const char *line, const char *label, size_t n)
{
    const char *target = strrchr(line, '\t');
    return line[0] == '\t' && line[1] == 'j' && target &&
           strncmp(target + 1, label, n) == 0 && target[1 + n] == 0;
}

static Loops loops_of(char *assembly)
{
    enum { MOST = 1 << 20 };
    Loops l = {0};
    char **line = malloc(MOST * sizeof *line);
    int n = 0, label = -1;
    for (char *s = strtok(assembly, "\n"); s && n < MOST; s = strtok(NULL, "\n")) {
        line[n] = s;
        if (strncmp(s, ".LBB", 4) == 0)
            label = n;
        else if (s[0] == '\t' && s[1] == 'j' && label >= 0) {
            if (jumps_to(s, line[label], strcspn(line[label], ":")))
                look_at_loop(line + label + 1, line + n, &l);
            label = -1;
        }
        n++;
    }
    return l;
}

static void stays_off_the_stack(const char *dir, const char *program, const char *options)
{
    must("cd %s && $GRADC emit --target x86-64-v4 %s %s -o m.c && "
         "clang $($GRADC flags --target x86-64-v4) -S m.c -o m.s",
         dir, options, program);
    Loops l = loops_of(read_text(text("%s/m.s", dir)));
    cr_expect(l.products >= 4, "%s: %d loops found", program, l.products);
    cr_expect(l.stack == 0, "%s: %d vectors of products on the stack:%s", program, l.stack,
              l.worst);
}

/* Functions with many constants follow the products. */
Test(kernels, recurrence, .timeout = 120)
{
    char *dir = scratch();
    write_text(text("%s/m.nn", dir), "model m {\n"
                                     "  input x[64, 128]\n"
                                     "  input y[64, 256]\n"
                                     "  loss sum((lstm(x, 256) - y)^2)\n"
                                     "  train { batch = 32 }\n"
                                     "}\n");
    stays_off_the_stack(dir, "m.nn", "");
}

Test(kernels, images, .timeout = 120)
{
    stays_off_the_stack(scratch(), SOURCE "/tests/bench/lenet.nn", "");
}

Test(kernels, dense, .timeout = 120)
{
    stays_off_the_stack(scratch(), SOURCE "/tests/bench/mlp.nn", "--model mlp");
}
