/* IDX, the format of MNIST: 0 0 type rank, then each extent and the elements, big-endian.
 */
#include "grdata.h"

static int type_of(int code)
{
    switch (code) {
    case 0x08:
        return GR_U8;
    case 0x09:
        return GR_I8;
    case 0x0b:
        return GR_I16;
    case 0x0c:
        return GR_I32;
    case 0x0d:
        return GR_F32;
    case 0x0e:
        return GR_F64;
    default:
        return -1;
    }
}

static size_t big_endian(const unsigned char *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

bool gr_is_idx(const unsigned char *data, size_t size)
{
    return size >= 4 && data[0] == 0 && data[1] == 0 && type_of(data[2]) >= 0 &&
           data[3] >= 1 && data[3] <= GR_RANK;
}

bool gr_parse_idx(unsigned char *data, size_t size, gr_array *out, gr_error *e)
{
    if (size < 4 || data[0] || data[1])
        return gr_fail(e, "not an IDX file: it does not begin with two zero bytes");
    if (type_of(data[2]) < 0)
        return gr_fail(e, "not an IDX file: unknown type 0x%02x", data[2]);
    if (data[3] < 1 || data[3] > GR_RANK)
        return gr_fail(e, "IDX of rank %d; 1 to %d can be read", data[3], GR_RANK);

    gr_array a = {.type = type_of(data[2]), .rank = data[3]};
    size_t header = 4 + 4 * (size_t)a.rank, bytes;
    if (size < header)
        return gr_fail(e, "truncated IDX header: %zu bytes of %zu", size, header);
    for (int d = 0; d < a.rank; d++)
        a.dim[d] = big_endian(data + 4 + 4 * d);
    if (!gr_bytes_of(a.type, a.rank, a.dim, &bytes) || bytes != size - header)
        return gr_fail(e, "IDX header says %s %s, but %zu bytes of data follow",
                       gr_type_name(a.type), gr_shape(a.rank, a.dim).text, size - header);

    gr_swap(data + header, bytes, gr_type_size(a.type));
    a.data = data + header;
    *out = a;
    return true;
}
