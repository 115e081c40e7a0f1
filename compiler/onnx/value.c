#include "value.h"

#include "str.h"

void give_up(Writer *w, const Tensor *t, const char *why)
{
    if (!w->onnx->fault)
        w->onnx->fault = format(w->a, "'%s' %s, %s", t->name, why, source_line(t->span));
}

/* ---- nodes ---- */

const char *next_name(Writer *w) { return format(w->a, "%s:%d", w->t->name, ++w->names); }

const char *node_of_all(Writer *w, const char *op, const char *const *x, int n,
                        Attribute first)
{
    Node new = {.op = op, .inputs = n, .output = next_name(w), .attribute = {first}};
    new.input = NEWN(w->a, const char *, n);
    memcpy(new.input, x, (size_t)n * sizeof *x);
    PUSH(w->a, &w->node, new);
    return new.output;
}

const char *node(Writer *w, const char *op, const char *x, const char *y)
{
    return node_of_all(w, op, (const char *[]){x, y}, y ? 2 : 1, (Attribute){0});
}

const char *node_of(Writer *w, const char *op, const char *x, Attribute first)
{
    return node_of_all(w, op, &x, 1, first);
}

const char *gathered(Writer *w, const char *x, const char *places, int axis)
{
    return node_of_all(w, "Gather", (const char *[]){x, places}, 2,
                       (Attribute){.name = "axis", .value = axis});
}

Node *node_named(Writer *w, const char *output)
{
    for (int i = 0; i < w->node.n; i++)
        if (!strcmp(w->node.at[i].output, output))
            return &w->node.at[i];
    return NULL;
}

const char *cast(Writer *w, const char *x, int type)
{
    return node_of(w, "Cast", x, (Attribute){.name = "to", .value = type});
}

const char *transposed(Writer *w, const char *x, const int *order, int n)
{
    bool sorted = true;
    int *kept = NEWN(w->a, int, n + 1);
    for (int i = 0; i < n; i++) {
        kept[i] = order[i];
        sorted &= order[i] == i;
    }
    return sorted ? x
                  : node_of(w, "Transpose", x,
                            (Attribute){.name = "perm", .list = kept, .n = n});
}

/* ---- constants ---- */

/* A constant of that name, unless there is one. */
static const char *constant_named(Writer *w, const char *name, int type, const int64_t *dim,
                                  int rank, const void *data, size_t bytes)
{
    for (int i = 0; i < w->constants.n; i++)
        if (!strcmp(w->constants.at[i], name))
            return name;
    PUSH(w->a, &w->constants, name);
    Bytes b = {0};
    for (int i = 0; i < rank; i++)
        put_int_field(&b, 1, dim[i], w->a);
    put_int_field(&b, 2, type, w->a);
    put_string_field(&b, 8, name, w->a);
    put_bytes_field(&b, 9, data, bytes, w->a);
    put_nested_field(&w->tables, 5, &b, w->a);
    return name;
}

const char *longs(Writer *w, const int64_t *x, int n)
{
    Out name = new_out(w->a);
    put(&name, ":[");
    for (int i = 0; i < n; i++)
        put(&name, "%s%lld", i ? "," : "", (long long)x[i]);
    put(&name, "]");
    return constant_named(w, name.text, LONG_TYPE, (int64_t[]){n}, 1, x,
                          (size_t)n * sizeof *x);
}

const char *one_long(Writer *w, int64_t x)
{
    return constant_named(w, format(w->a, ":%lld", (long long)x), LONG_TYPE, NULL, 0, &x,
                          sizeof x);
}

const char *real_number(Writer *w, double x)
{
    const char *name = format(w->a, ":%.17g.", x);
    float single = (float)x;
    return w->real == REAL_TYPE
               ? constant_named(w, name, w->real, NULL, 0, &single, sizeof single)
               : constant_named(w, name, w->real, NULL, 0, &x, sizeof x);
}

const char *examples(Writer *w)
{
    const Tensor *input = NULL;
    for (int i = 0; i < w->onnx->given.n && !input; i++)
        if (w->onnx->given.at[i]->role == INPUT)
            input = w->onnx->given.at[i];
    if (!input) {
        give_up(w, w->t, "depends on the number of examples, but on no input");
        return ":none";
    }
    if (node_named(w, ":n"))
        return ":n";
    gathered(w, node(w, "Shape", format(w->a, "%s:in", input->name), NULL),
             longs(w, (int64_t[]){0}, 1), 0);
    w->node.at[w->node.n - 1].output = ":n";
    return ":n";
}

static void put_element(Writer *w, Bytes *b, int type, int64_t x)
{
    float single = (float)x;
    double real = (double)x;
    const void *from = type == REAL_TYPE ? (const void *)&single : &x;
    size_t size = type == BOOL_TYPE ? 1 : type == REAL_TYPE ? sizeof single : sizeof x;
    from = type == DOUBLE_TYPE ? &real : from;
    for (size_t i = 0; i < size; i++)
        PUSH(w->a, b, ((const unsigned char *)from)[i]);
}

Value table(Writer *w, int type, unsigned axes,
            int64_t (*f)(const void *context, const int *at), const void *context)
{
    int64_t dim[MAXIDX], rank = 0, count = 1;
    int at[MAXIDX] = {0}, axis[MAXIDX];
    for (int k = 0; k < MAXIDX; k++)
        if (axes >> k & 1) {
            axis[rank] = k;
            count *= dim[rank++] = w->t->idx[k].extent;
        }
    Bytes b = {0};
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i;
        for (int64_t d = rank; d-- > 0; rest /= dim[d])
            at[axis[d]] = (int)(rest % dim[d]);
        put_element(w, &b, type, f(context, at));
    }
    uint64_t hash = HASH_OF_NOTHING;
    hash = hash_text(hash, (const char *)dim, (size_t)rank * sizeof *dim);
    hash = hash_text(hash, (const char *)b.at, (size_t)b.n);
    const char *name = format(w->a, ":%d.%llx", type, (unsigned long long)hash);
    return (Value){constant_named(w, name, type, dim, (int)rank, b.at, (size_t)b.n), axes};
}

/* ---- values ---- */

int position(unsigned axes, int index) { return count_axes(axes & ((1u << index) - 1)); }

int count_axes(unsigned axes) { return __builtin_popcount(axes); }

bool varies_with_batch(const Writer *w, int index) { return w->t->idx[index].batch; }

/* Missing dimensions in front need no mention. */
const char *in_line(Writer *w, Value v, unsigned axes)
{
    int64_t missing[MAXIDX];
    int n = 0, place = 0;
    unsigned behind = v.axes ? axes & ~((1u << __builtin_ctz(v.axes)) - 1) : 0;
    for (int k = 0; k < MAXIDX; k++)
        if (behind >> k & 1) {
            if (!(v.axes >> k & 1))
                missing[n++] = place;
            place++;
        }
    return n ? node(w, "Unsqueeze", v.name, longs(w, missing, n)) : v.name;
}

/* The shape of an array over these indices. */
static const char *shape_of(Writer *w, unsigned axes)
{
    int64_t dim[MAXIDX];
    int n = 0;
    bool batch = false;
    for (int k = 0; k < MAXIDX; k++)
        if (axes >> k & 1) {
            batch |= varies_with_batch(w, k);
            if (!varies_with_batch(w, k))
                dim[n++] = w->t->idx[k].extent;
        }
    const char *rest = n || !batch ? longs(w, dim, n) : NULL;
    if (!batch)
        return rest;
    if (!rest)
        return examples(w);
    return node_of_all(w, "Concat", (const char *[]){examples(w), rest}, 2,
                       (Attribute){.name = "axis"});
}

Value expanded(Writer *w, Value v, unsigned axes)
{
    axes |= v.axes;
    if (axes == v.axes)
        return v;
    const char *shape = shape_of(w, axes), *x = in_line(w, v, axes);
    return (Value){node(w, "Expand", x, shape), axes};
}

Value combined(Writer *w, const char *op, Value x, Value y)
{
    unsigned axes = x.axes | y.axes;
    const char *a = in_line(w, x, axes), *b = in_line(w, y, axes);
    return (Value){node(w, op, a, b), axes};
}

Value chosen(Writer *w, Value c, Value x, Value y)
{
    unsigned axes = c.axes | x.axes | y.axes;
    const char *a = in_line(w, c, axes), *b = in_line(w, x, axes), *d = in_line(w, y, axes);
    return (Value){node_of_all(w, "Where", (const char *[]){a, b, d}, 3, (Attribute){0}),
                   axes};
}
