/* Two models in a program that has its own main, its own memory and its own data.
 *
 * The generated C allocates nothing, reads nothing and prints nothing: a model is a block of
 * memory of this program, and functions that work on it. */
#include "digits.h"
#include "tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 64, CLASSES = 10, MOST = 2000 };

typedef struct Image {
    uint8_t pixel[PIXELS];
    int32_t digit;
} Image;

static int read_images(const char *folder, const char *name, Image *image)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(2);
    }
    int n = 0, value;
    for (int i = 0; n < MOST && fscanf(f, i ? ",%d" : "%d", &value) == 1;) {
        if (i < PIXELS)
            image[n].pixel[i] = (uint8_t)value;
        else
            image[n].digit = value;
        i = i < PIXELS ? i + 1 : 0;
        n += i == 0;
    }
    fclose(f);
    return n;
}

/* Examples first, first + 1, ... become the batch; their number. */
static int set_batch(void *block, const Image *image, const int *order, int first, int n)
{
    int count = n - first < DIGITS_BATCH ? n - first : DIGITS_BATCH;
    for (int i = 0; i < count; i++) {
        const Image *from = &image[order ? order[first + i] : first + i];
        memcpy(digits_pixels(block) + i * PIXELS, from->pixel, PIXELS);
        digits_digit(block)[i] = from->digit;
    }
    return count;
}

static void shuffle(int *order, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int k = rand() % (i + 1), t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
}

static void train(void *block, const Image *image, int n, int epochs)
{
    static int order[MOST];
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int epoch = 1; epoch <= epochs; epoch++) {
        double loss = 0;
        shuffle(order, n);
        for (int first = 0; first < n; first += DIGITS_BATCH) {
            int count = set_batch(block, image, order, first, n);
            digits_step(block, count);
            loss += (double)*digits_loss(block) * count;
        }
        if (epoch % 5 == 0)
            printf("epoch %2d  loss %.4f\n", epoch, loss / n);
    }
}

/* The class with the greatest score is what the model takes an image for. */
static int best(const float *z)
{
    int k = 0;
    for (int c = 1; c < CLASSES; c++)
        if (z[c] > z[k])
            k = c;
    return k;
}

static double accuracy(void *block, const Image *image, int n)
{
    int right = 0;
    for (int first = 0; first < n; first += DIGITS_BATCH) {
        int count = set_batch(block, image, NULL, first, n);
        digits_forward(block, count);
        for (int i = 0; i < count; i++)
            right += best(digits_z(block) + i * CLASSES) == image[first + i].digit;
    }
    return (double)right / n;
}

static void digits(const char *folder)
{
    static Image image[MOST];
    void *block = aligned_alloc(64, digits_size());
    if (!block)
        exit(2);
    digits_init(block, 1);
    int n = read_images(folder, "train.csv", image), epochs = digits_model.epochs;
    ((gr_context *)block)->steps = (uint64_t)(epochs * ((n + DIGITS_BATCH - 1) / DIGITS_BATCH));
    train(block, image, n, epochs);
    n = read_images(folder, "test.csv", image);
    printf("digits: accuracy %.4f on %d images\n", accuracy(block, image, n), n);
    free(block);
}

/* The second model lives in a static block: no allocation at all. */
static void exclusive_or(void)
{
    static _Alignas(64) char block[TINY_SIZE];
    static const float x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, y[4] = {0, 1, 1, 0};
    tiny_init(block, 1);
    memcpy(tiny_x(block), x, sizeof x);
    memcpy(tiny_y(block), y, sizeof y);
    for (int i = 0; i < 500; i++)
        tiny_step(block, 4);
    tiny_forward(block, 4);
    for (int i = 0; i < 4; i++)
        printf("%g xor %g = %.3f\n", x[i][0], x[i][1], (double)tiny_p(block)[i]);
}

int main(int argc, char **argv)
{
    digits(argc > 1 ? argv[1] : "../digits");
    exclusive_or();
    return 0;
}
