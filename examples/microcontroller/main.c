/* Learning where there is no operating system: exclusive or, then the irises, on a machine with a
 * few kilobytes. The two models live in memory of this program; say() is the board's. */
#include "iris.h"
#include "xor.h"

enum { FLOWERS = 150 };

/* iris.csv as C: what build.sh makes of it. */
typedef struct Flower {
    float length[4];
    int species;
} Flower;
static const Flower flower[FLOWERS] = {
#include "flowers.h"
};

void say(const char *text);

/* A number that is not negative, with four decimals; there is no printf. */
static void say_number(const char *before, float x, const char *after)
{
    char text[24], *s = text + sizeof text;
    uint32_t n = (uint32_t)(x * 10000 + 0.5f);
    *--s = 0;
    for (int digits = 0; digits < 5 || n > 0; digits++, n /= 10) {
        if (digits == 4)
            *--s = '.';
        *--s = (char)('0' + n % 10);
    }
    say(before);
    say(s);
    say(after);
}

/* What all parameters and the optimizer's memory are, in one number: other machines find the
 * same if their compilers round each operation, as -ffp-contract=off says. */
static void say_sum(const unsigned char *block, unsigned size)
{
    char text[] = "00000000\n";
    uint32_t hash = 2166136261u;
    for (unsigned i = 0; i < size; i++)
        hash = (hash ^ block[i]) * 16777619u;
    for (int i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[hash >> (28 - 4 * i) & 15];
    say("  all bits of it: ");
    say(text);
}

static void learn_xor(void)
{
    static _Alignas(64) unsigned char block[XOR_SIZE];
    xor_init(block, 1);
    for (int i = 0; i < 4; i++) {
        xor_x(block)[2 * i] = (float)(i / 2);
        xor_x(block)[2 * i + 1] = (float)(i % 2);
        xor_y(block)[i] = (float)(i / 2 != i % 2);
    }
    for (int step = 0; step < 500; step++)
        xor_step(block, 4);
    xor_forward(block, 4);
    say_number("exclusive or: loss ", *xor_loss(block), "\n");
    for (int i = 0; i < 4; i++)
        say_number("  ", xor_p(block)[i], "\n");
    say_sum(block, XOR_SIZE);
}

/* n flowers, from number `first` on, become the batch. The table is sorted by species, so they
 * are taken in steps of 7. */
static void pick(void *block, int first, int n)
{
    for (int i = 0; i < n; i++) {
        const Flower *f = &flower[(first + i) * 7 % FLOWERS];
        for (int k = 0; k < 4; k++)
            iris_x(block)[4 * i + k] = f->length[k];
        iris_species(block)[i] = f->species;
    }
}

static void learn_iris(void)
{
    static _Alignas(64) unsigned char block[IRIS_SIZE];
    float right = 0, loss = 0;
    iris_init(block, 1);
    for (int epoch = 0; epoch < 100; epoch++)
        for (int first = 0; first + IRIS_BATCH <= FLOWERS; first += IRIS_BATCH) {
            pick(block, first, IRIS_BATCH);
            iris_step(block, IRIS_BATCH);
        }
    for (int first = 0; first < FLOWERS; first += IRIS_BATCH) {
        int n = FLOWERS - first < IRIS_BATCH ? FLOWERS - first : IRIS_BATCH;
        pick(block, first, n);
        iris_forward(block, n);
        loss += *iris_loss(block) * (float)n;
        right += *iris_accuracy(block) * (float)n;
    }
    say_number("iris: loss ", loss / FLOWERS, ", ");
    say_number("accuracy ", right / FLOWERS, "\n");
    say_sum(block, IRIS_SIZE);
}

int main(void)
{
    learn_xor();
    learn_iris();
    return 0;
}
