/* The C with the program's lines: the same C, and a debugger stops where the program says.
 */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(lines, .timeout = 120);

/* But for the directives, the banner, the seal and where long lines are broken. */
static char *bare(const char *options)
{
    Run r =
        must("cd $SOURCE/examples/gpt && $GRADC emit -o - --target x86-64-v3 %s gpt.nn | "
             "sed '1,/\\*\\//d; /^#line/d; /^.. seal/d' | tr -s ' \\n' '  '",
             options);
    return r.out;
}

Test(lines, do_not_change_the_c)
{
    char *plain = bare(""), *lines = bare("--line-directives");
    size_t at = 0;
    while (plain[at] && plain[at] == lines[at])
        at++;
    cr_assert(strlen(plain) > 100000);
    cr_assert(plain[at] == lines[at], "%.200s\nis with lines\n%.200s", plain + at,
              lines + at);
}

/* After each region the lines of the C count on as if there were no directives. */
Test(lines, come_back_to_the_c)
{
    char *dir = scratch();
    must("cd %s && $GRADC emit --line-directives $SOURCE/examples/xor/xor.nn -o m.c", dir);
    Run r = must("awk '/^#line .* \"m.c\"$/ { n++; bad += $2 != NR + 1 } END { print (n > "
                 "9), bad }' "
                 "%s/m.c",
                 dir);
    cr_expect_str_eq(r.out, "1 0\n");
}

/* The tanh is in line 5 of the program, and runs in every step. */
Test(lines, stop_a_debugger)
{
    if (run("gdb -batch -nx -ex run true 2>&1 | grep 'exited normally'").status) {
        fprintf(stderr, "skipped: no gdb here that can run a program\n");
        return;
    }
    char *dir = scratch();
    must("cd $SOURCE/examples/xor && $GRADC build --line-directives xor.nn -o %s/xor", dir);
    Run r = must("cd $SOURCE/examples/xor && ASAN_OPTIONS=detect_leaks=0 gdb -batch -nx "
                 "-ex 'break xor.nn:5' -ex run -ex continue -ex bt "
                 "--args %s/xor bench x=xor.csv:0-1 y=xor.csv:2 --steps 1 --threads 1 2>&1",
                 dir);
    cr_expect(strstr(r.out, "5\t  h = tanh(dense(x, hidden))"), "%s", r.out);
    cr_expect(strstr(r.out, "in xor_step ("), "%s", r.out);
}
