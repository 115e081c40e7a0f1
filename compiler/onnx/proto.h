/* Protocol buffers, as far as ONNX needs them: fields by number, nested ones with their
 * length. The numbers are those of onnx.proto. */
#ifndef PROTO_H
#define PROTO_H

#include "onnx.h"

void put_int_field(Bytes *b, int field, int64_t value, Arena *a);
void put_string_field(Bytes *b, int field, const char *text, Arena *a);
void put_bytes_field(Bytes *b, int field, const void *data, size_t n, Arena *a);
void put_nested_field(Bytes *b, int field, const Bytes *of, Arena *a);

#endif
