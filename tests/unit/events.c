/* What TensorBoard reads, read by another reader: its checksums are of the table that RFC
 * 3720 describes, held against that document's own examples. */
#include <criterion/criterion.h>

#include "trainer.h"

static void enter(void)
{
    enter_folder();
    write_examples();
}

TestSuite(events, .init = enter);

static uint32_t crc32c(const unsigned char *data, size_t n)
{
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256 && !table[255]; i++) {
        uint32_t x = i;
        for (int k = 0; k < 8; k++)
            x = x & 1 ? x >> 1 ^ 0x82f63b78u : x >> 1;
        table[i] = x;
    }
    uint32_t crc = 0xffffffffu;
    while (n-- > 0)
        crc = table[(crc ^ *data++) & 255] ^ crc >> 8;
    return ~crc;
}

static uint32_t masked(const unsigned char *data, size_t n)
{
    uint32_t crc = crc32c(data, n);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

Test(events, known_checksums)
{
    unsigned char zeros[32] = {0}, ones[32], up[32];
    for (int i = 0; i < 32; i++) {
        ones[i] = 255;
        up[i] = (unsigned char)i;
    }
    cr_assert_eq(crc32c((const unsigned char *)"123456789", 9), 0xe3069283u);
    cr_assert_eq(crc32c(zeros, 32), 0x8a9136aau);
    cr_assert_eq(crc32c(ones, 32), 0x62a8ab43u);
    cr_assert_eq(crc32c(up, 32), 0x46dd794eu);
}

/* A message taken apart: field by field, where each is and how long. */
typedef struct Field {
    int number;
    uint64_t integer;
    const unsigned char *data;
    size_t size;
} Field;

static uint64_t varint(const unsigned char **at)
{
    uint64_t x = 0;
    for (int shift = 0;; shift += 7) {
        x |= (uint64_t)(**at & 127) << shift;
        if (!(*(*at)++ & 128))
            return x;
    }
}

static Field field(const unsigned char **at)
{
    Field f = {0};
    uint64_t tag = varint(at);
    f.number = (int)(tag >> 3);
    int kind = tag & 7;
    f.size = kind == 1 ? 8 : kind == 5 ? 4 : kind == 2 ? varint(at) : 0;
    if (kind == 0)
        f.integer = varint(at);
    f.data = *at;
    *at += f.size;
    return f;
}

/* The number called so at that step; NaN if there is none. Every record on the way is
 * checked. */
static double find(const char *path, const char *name, uint64_t step)
{
    gr_bytes b;
    gr_error e;
    double found = NAN;
    cr_assert(gr_read_file(path, &b, &e), "%s", e.text);
    for (size_t i = 0; i < b.size;) {
        uint64_t length;
        uint32_t head, tail;
        memcpy(&length, b.data + i, 8);
        memcpy(&head, b.data + i + 8, 4);
        memcpy(&tail, b.data + i + 12 + length, 4);
        cr_assert_eq(head, masked(b.data + i, 8));
        cr_assert_eq(tail, masked(b.data + i + 12, length));
        const unsigned char *at = b.data + i + 12, *end = at + length;
        Field time = field(&at), when = field(&at), what = field(&at);
        cr_assert(time.number == 1 && when.number == 2 && at == end);
        if (i == 0)
            cr_assert(what.number == 3 && !memcmp(what.data, "brain.Event:2", 13));
        else {
            cr_assert_eq(what.number, 5);
            Field value = field(&what.data), text = field(&value.data);
            Field number = field(&value.data);
            cr_assert(text.number == 1 && number.number == 2 && number.size == 4);
            float x;
            memcpy(&x, number.data, 4);
            if (when.integer == step && text.size == strlen(name) &&
                !memcmp(text.data, name, text.size)) {
                cr_assert(isnan(found), "%s is there twice", name);
                found = x;
            }
        }
        i += 16 + length;
    }
    return found;
}

Test(events, are_the_metrics)
{
    cr_assert_eq(sh("./t train " DATA "--validation 0.2 --epochs 30 -q"), 0, "%s",
                 text_of("err"));
    static const char *const name[] = {"loss", "near",     "val.loss", "val.near",
                                       "lr",   "gradient", "update"};
    const char *row = strstr(text_of("line.run/metrics.csv"), "\n20,200,") + 8;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++, row = strchr(row, ',') + 1) {
        double want = atof(row), got = find("line.run/events.out.tfevents", name[i], 200);
        cr_assert(fabs(got - want) <= 1e-6 * fabs(want), "%s: %g, not %g", name[i], got,
                  want);
    }
    cr_assert(find("line.run/events.out.tfevents", "gradient/w", 200) > 0);
    cr_assert(find("line.run/events.out.tfevents", "update/b", 200) > 0);
}

/* What came after the checkpoint that a run goes on from is not there twice; nor is the
 * half of a record that a killed run left. */
Test(events, go_on)
{
    cr_assert_eq(sh("./t train " DATA "--epochs 2 -q -o r && cp r/last.safetensors l &&"
                    "./t train " DATA
                    "--epochs 4 -q -o r --resume && cp l r/last.safetensors &&"
                    "head -c -5 r/events.out.tfevents >e && mv e r/events.out.tfevents &&"
                    "./t train " DATA "--epochs 4 -q -o r --resume"),
                 0, "%s", text_of("err"));
    for (uint64_t epoch = 1; epoch <= 4; epoch++)
        cr_assert(find("r/events.out.tfevents", "loss", 13 * epoch) > 0);
}
