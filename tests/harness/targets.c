/* A program for several machines finds out which it is on. */
#include "numbers.h"
#include "run.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(targets, .timeout = 300);

static gr_safetensors stepped(const char *dir, const char *machine)
{
    must("cd %s && %s ./m step x=$SOURCE/examples/xor/xor.csv:0,1 "
         "y=$SOURCE/examples/xor/xor.csv:2 --steps 20 --out s",
         dir, machine);
    return load(text("%s/s", dir));
}

Test(targets, the_processor_decides)
{
    static const char old[] = "qemu-x86_64-static -cpu Nehalem";
    if (SANITIZED || run("command -v qemu-x86_64-static").status)
        cr_skip_test("needs qemu-x86_64-static, which sanitizers do not run under");
    const char *model = text("%s/examples/xor/xor.nn", SOURCE);
    char *v4 = build(model, "--target x86-64-v4"),
         *all = build(model, "--real f64 --target x86-64-v4,x86-64-v2,x86-64-v3");
    cr_expect(run("cd %s && %s ./m info", v4, old).status != 0, "AVX-512 on a Nehalem");
    gr_safetensors here = stepped(all, ""), there = stepped(all, old);
    for (int i = 0; i < here.tensors; i++)
        compare(here.tensor[i].name, gr_tensor_named(&there, here.tensor[i].name),
                &here.tensor[i].array, 1e-12);
    cr_expect(here.tensors > 4);
}

/* Whatever the order they are named in, the greatest is asked for first. */
Test(targets, the_greatest_that_can_be)
{
    char *dir = scratch();
    must("cd %s && $GRADC emit $SOURCE/examples/xor/xor.nn --target x86-64-v4,generic -o "
         "m.c",
         dir);
    const char *c = read_text(text("%s/m.c", dir)), *asked = strstr(c, "avx512f"),
               *v4 = strstr(c, "return &xor_x86_64_v4_model"),
               *least = strstr(c, "return &xor_generic_model");
    cr_expect(asked && asked < v4 && v4 < least, "%s", c);
}

Test(targets, not_all_can_be_chosen)
{
    char *dir = scratch();
    Run r = run(
        "$GRADC emit $SOURCE/examples/xor/xor.nn --target generic,aarch64 -o %s/m.c", dir);
    cr_expect(r.status == 2 && strstr(r.err, "aarch64 stands alone"), "%s", r.err);
    r = run("$GRADC emit $SOURCE/examples/xor/xor.nn --target generic,x86-64-v3 -o -");
    cr_expect(r.status == 2 && strstr(r.err, "several files"), "%s", r.err);
    cr_expect(!exists(text("%s/m.c", dir)));
    r = run("$GRADC emit $SOURCE/examples/xor/xor.nn --target generic,generic -o %s/m.c",
            dir);
    cr_expect(r.status == 2 && strstr(r.err, "names generic twice"), "%s", r.err);
}
