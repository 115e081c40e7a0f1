/* The board: what a program needs that has no libc. This one is qemu-arm, a Cortex-M4F's
 * instructions with the system calls of Linux; on another, say() writes to a serial line, and the
 * maker's own startup code calls main. */
#include <stddef.h>

int main(void);

static int call(int number, int a, const void *b, size_t c)
{
    register int r7 __asm__("r7") = number;
    register int r0 __asm__("r0") = a;
    register const void *r1 __asm__("r1") = b;
    register size_t r2 __asm__("r2") = c;
    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
    return r0;
}

void say(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    call(4, 1, text, n);
}

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = (char)byte;
    return to;
}

void _start(void)
{
    call(1, main(), NULL, 0);
}
