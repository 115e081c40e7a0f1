/* The figures once more, as TensorBoard reads them: a file of records, each a message Event
 * of protocol buffers.
 *
 *   record   length (8 bytes), checksum of these, message, checksum of it
 *   Event    1: time, double   2: step, varint   3: version, text   5: Summary
 *   Summary  1: Value          Value  1: name, text   2: number, float
 *
 * A checksum is a CRC-32C, turned by 15 bits and with a constant added, so that a file that
 * holds records of its own is no trap. */
#include "train.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { AT_TIME = 1 << 3 | 1, AT_STEP = 2 << 3, VERSION = 3 << 3 | 2, SUMMARY = 5 << 3 | 2 };
enum { VALUE = 1 << 3 | 2, NAME = 1 << 3 | 2, NUMBER = 2 << 3 | 5, HEAD = 12, TAIL = 4 };

typedef struct Message {
    size_t size;
    unsigned char byte[1024];
} Message;

static uint32_t checksum(const unsigned char *data, size_t n)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void put_bytes(Message *m, const void *data, size_t n)
{
    memcpy(m->byte + m->size, data, n);
    m->size += n;
}

static void put_tag(Message *m, int tag) { m->byte[m->size++] = (unsigned char)tag; }

/* Seven bits to a byte, the lowest first; the eighth says that more follow. */
static void put_varint(Message *m, uint64_t x)
{
    for (; x > 127; x >>= 7)
        m->byte[m->size++] = (unsigned char)(x | 128);
    m->byte[m->size++] = (unsigned char)x;
}

static void put_part(Message *m, int tag, const void *data, size_t n)
{
    put_tag(m, tag);
    put_varint(m, n);
    put_bytes(m, data, n);
}

static Message new_event(uint64_t step)
{
    Message m = {0};
    struct timeval now;
    gettimeofday(&now, NULL);
    double seconds = (double)now.tv_sec + 1e-6 * (double)now.tv_usec;
    put_tag(&m, AT_TIME);
    put_bytes(&m, &seconds, sizeof seconds);
    put_tag(&m, AT_STEP);
    put_varint(&m, step);
    return m;
}

static void put_record(FILE *f, const Message *m)
{
    uint64_t length = m->size;
    uint32_t head = checksum((const unsigned char *)&length, sizeof length),
             tail = checksum(m->byte, m->size);
    fwrite(&length, sizeof length, 1, f);
    fwrite(&head, sizeof head, 1, f);
    fwrite(m->byte, 1, m->size, f);
    fwrite(&tail, sizeof tail, 1, f);
}

void gr_put_event(FILE *f, uint64_t step, const char *group, const char *name, double x)
{
    Message m = new_event(step), value = {0}, summary = {0};
    char text[600]; /* messages are one within the other, and shorter than the outermost */
    int n = snprintf(text, sizeof text, "%s%s", group, name);
    float number = (float)x;
    put_part(&value, NAME, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
    put_tag(&value, NUMBER);
    put_bytes(&value, &number, sizeof number);
    put_part(&summary, VALUE, value.byte, value.size);
    put_part(&m, SUMMARY, summary.byte, summary.size);
    put_record(f, &m);
}

void gr_start_events(FILE *f)
{
    static const char version[] = "brain.Event:2";
    Message m = new_event(0);
    put_part(&m, VERSION, version, strlen(version));
    put_record(f, &m);
}

/* The step of the event, or 2^64-1 where this is none of ours. */
static uint64_t step_of(const unsigned char *event, size_t n)
{
    uint64_t step = 0;
    size_t at = 1 + sizeof(double);
    if (n <= at || event[0] != AT_TIME || event[at] != AT_STEP)
        return UINT64_MAX;
    for (int shift = 0; ++at < n && shift < 64; shift += 7) {
        step |= (uint64_t)(event[at] & 127) << shift;
        if (event[at] < 128)
            return step;
    }
    return UINT64_MAX;
}

size_t gr_events_up_to(const gr_bytes *b, uint64_t last)
{
    size_t at = 0;
    while (b->size - at >= HEAD + TAIL) {
        uint64_t length;
        memcpy(&length, b->data + at, sizeof length);
        if (length > b->size - at - HEAD - TAIL ||
            step_of(b->data + at + HEAD, (size_t)length) > last)
            break;
        at += HEAD + (size_t)length + TAIL;
    }
    return at;
}
