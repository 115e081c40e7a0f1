/* The machines that C is generated for.
 *
 * `native` is the machine gradc runs on: its row says how wide, its flags let the C
 * compiler use all the rest. */
#include "loop.h"

#include <string.h>

/* clang-format off */
const Target target[] = {
    {"generic",   "",                                            16, 16, ""},
    {"x86-64-v2", "-march=x86-64-v2",                            16, 16, "sse4.2 popcnt"},
    {"x86-64-v3", "-march=x86-64-v3",                            32, 16, "avx2 bmi2 fma"},
    {"x86-64-v4", "-march=x86-64-v4 -mprefer-vector-width=512",  64, 32, "avx512f avx512bw avx512dq avx512vl"},
    {"aarch64",   "",                                            16, 32, NULL},
    {"cortex-m4", "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16", 4, 32, NULL},
    {"wasm32",    "-msimd128",                                   16, 16, NULL},
};
/* clang-format on */
const int targets = sizeof target / sizeof *target;

static const Target *native(void)
{
    static Target here = {.name = "native", .flags = "-march=native", .bytes = 16};
    here.registers = 16;
#if defined __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
        here.flags = "-march=native -mprefer-vector-width=512";
        here.bytes = 64;
        here.registers = 32;
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        here.bytes = 32;
    }
#elif defined __aarch64__
    here.flags = "-mcpu=native";
    here.registers = 32;
#endif
    return &here;
}

const Target *find_target(const char *name)
{
    if (!strcmp(name, "native"))
        return native();
    for (int i = 0; i < targets; i++)
        if (!strcmp(name, target[i].name))
            return &target[i];
    return NULL;
}
