#include "proto.h"

static void put_varint(Bytes *b, uint64_t x, Arena *a)
{
    for (; x > 127; x >>= 7)
        PUSH(a, b, (unsigned char)(x | 128));
    PUSH(a, b, (unsigned char)x);
}

void put_int_field(Bytes *b, int field, int64_t value, Arena *a)
{
    put_varint(b, (uint64_t)field << 3, a);
    put_varint(b, (uint64_t)value, a);
}

void put_bytes_field(Bytes *b, int field, const void *data, size_t n, Arena *a)
{
    const unsigned char *from = data;
    put_varint(b, (uint64_t)field << 3 | 2, a);
    put_varint(b, n, a);
    for (size_t i = 0; i < n; i++)
        PUSH(a, b, from[i]);
}

void put_string_field(Bytes *b, int field, const char *text, Arena *a)
{
    put_bytes_field(b, field, text, strlen(text), a);
}

void put_nested_field(Bytes *b, int field, const Bytes *of, Arena *a)
{
    put_bytes_field(b, field, of->at, (size_t)of->n, a);
}
