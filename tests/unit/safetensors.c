/* safetensors: the bytes the format asks for, and every way to get them wrong. */
#include <criterion/criterion.h>

#include "grdata.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gr_safetensors s;
static gr_error e;

static bool parse(const char *json, size_t data)
{
    uint64_t n = strlen(json);
    unsigned char *file = calloc(1, 8 + n + data);
    memcpy(file, &n, 8);
    memcpy(file + 8, json, n);
    for (size_t i = 0; i < data; i++)
        file[8 + n + i] = (unsigned char)(i + 1);
    return gr_parse_safetensors(file, 8 + n + data, &s, &e);
}

static void fails(const char *json, size_t data, const char *message)
{
    cr_assert(!parse(json, data), "%s", json);
    cr_assert_str_eq(e.text, message);
}

#define TENSOR(type, shape, from, to)                                                      \
    "{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}"

Test(safetensors, tensors_by_name)
{
    cr_assert(parse("{\"b\":" TENSOR("U8", "[3]", 4, 7) ",\"__metadata__\":{\"k\":\"v\"},\n"
                                                        "\"a\": " TENSOR("I16", "[ 2 , 1 ]",
                                                                         0, 4) "}  ",
                    7),
              "%s", e.text);
    const gr_array *a = gr_tensor_named(&s, "a"), *b = gr_tensor_named(&s, "b");
    cr_assert(a->type == GR_I16 && a->rank == 2 && a->dim[0] == 2 && a->dim[1] == 1);
    cr_assert_eq(gr_element(a, 1), 0x0403);
    cr_assert_eq(gr_element(b, 2), 7);
    cr_assert_null(gr_tensor_named(&s, "c"));
    cr_assert_str_eq(gr_note_named(&s, "k"), "v");
    cr_assert_null(gr_note_named(&s, "a"));
}

Test(safetensors, names_in_any_script)
{
    cr_assert(
        parse("{\"\\u00e9\\n\\ud83d\\ude00\\\"\":" TENSOR("BF16", "[]", 0, 2) "}", 2));
    cr_assert_str_eq(s.tensor[0].name, "\xc3\xa9\n\xf0\x9f\x98\x80\"");
    cr_assert_eq(s.tensor[0].array.rank, 0);
}

Test(safetensors, nothing)
{
    cr_assert(parse("{}", 0));
    cr_assert_eq(s.tensors, 0);
}

Test(safetensors, wrong_places)
{
    fails("{\"a\":" TENSOR("F32", "[2]", 0, 8) "}", 4,
          "the header says 8 bytes of data, but 4 follow");
    fails("{\"a\":" TENSOR("F32", "[2]", 0, 8) "}", 9,
          "the header says 8 bytes of data, but 9 follow");
    fails("{\"a\":" TENSOR("F32", "[2]", 0, 7) "}", 7,
          "tensor 'a': F32 (2) does not fit bytes 0 to 7");
    fails("{\"a\":" TENSOR("F32", "[2]", 8, 0) "}", 8,
          "tensor 'a': F32 (2) does not fit bytes 8 to 0");
    fails("{\"a\":" TENSOR("U8", "[4]", 0, 4) ",\"b\":" TENSOR("U8", "[4]", 2, 6) "}", 6,
          "tensor 'b' begins at byte 2 of the data, expected 4");
    fails("{\"a\":" TENSOR("U8", "[1]", 0, 1) ",\"b\":" TENSOR("U8", "[1]", 2, 3) "}", 3,
          "tensor 'b' begins at byte 2 of the data, expected 1");
    fails("{\"a\":" TENSOR("F64", "[4294967296,4294967296]", 0, 0) "}", 0,
          "tensor 'a': F64 (4294967296, 4294967296) does not fit bytes 0 to 0");
}

Test(safetensors, wrong_words)
{
    fails("{\"a\":" TENSOR("F7", "[]", 0, 1) "}", 1,
          "tensor 'a' is of type 'F7', which cannot be read");
    fails("{\"a\":" TENSOR("U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) "}", 1,
          "tensor 'a': its shape is not up to 8 numbers");
    fails("{\"a\":" TENSOR("U8", "[-1]", 0, 1) "}", 1,
          "tensor 'a': its shape is not up to 8 numbers");
    fails("{\"a\":" TENSOR("U8", "[99999999999999999999]", 0, 1) "}", 1,
          "tensor 'a': its shape is not up to 8 numbers");
    fails("{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 1,
          "tensor 'a': its description is incomplete");
    fails("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 1,
          "tensor 'a': key 'dtype' is given twice");
    fails("{\"a\":{\"color\":\"U8\"}}", 1, "tensor 'a': key 'color' is unknown");
    fails("{\"a\":" TENSOR("U8", "[1]", 0, 1) ",\"a\":" TENSOR("U8", "[1]", 1, 2) "}", 2,
          "tensor 'a' is there twice");
    fails("{\"__metadata__\":{\"a\":1}}", 0,
          "__metadata__ holds something that is not a string");
    fails("{\"\\ud83d\":" TENSOR("U8", "[]", 0, 1) "}", 1,
          "the header has no name where one is expected");
    fails("{\"a\\u0000b\":" TENSOR("U8", "[]", 0, 1) "}", 1,
          "the header has no name where one is expected");
    fails("{\"a\":" TENSOR("U8", "[]", 0, 1), 1, "the header does not end");
    fails("{} x", 0, "something follows the header's JSON");
    fails("[]", 0, "not a safetensors file");
}

Test(safetensors, no_header)
{
    unsigned char cut[] = "\x20\0\0\0\0\0\0\0{}", table[] = "1,2,3,4\n5,6\n";
    cr_assert(!gr_parse_safetensors(cut, 10, &s, &e));
    cr_assert_str_eq(e.text, "truncated: a header of 32 bytes, but 2 follow");
    cr_assert(!gr_parse_safetensors(table, sizeof table - 1, &s, &e));
    cr_assert_str_eq(e.text, "not a safetensors file");
    cr_assert(!gr_parse_safetensors(cut, 7, &s, &e));
}

/* ---- writing ---- */

static char folder[] = "/tmp/gr_st_XXXXXX";
static char path[64];

static void enter(void)
{
    mkdtemp(folder);
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
}

static void leave(void)
{
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "nothing else was left in the folder");
}

static float three[] = {1, 2, 3};
static gr_named tensors[] = {
    {"a \"b\"", {.type = GR_F32, .rank = 1, .dim = {3}, .data = three}}};
static gr_note notes[] = {{"step", "1"}};
static const gr_safetensors some = {1, 1, tensors, notes, NULL};

Test(safetensors, bytes_written, .init = enter, .fini = leave)
{
    gr_bytes b;
    cr_assert(gr_write_safetensors(path, &some, &e), "%s", e.text);
    cr_assert(gr_read_file(path, &b, &e));
    static const char want[] =
        "\x60\0\0\0\0\0\0\0{\"__metadata__\":{\"step\":\"1\"},\"a \\\"b\\\"\":"
        "{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}";
    cr_assert(memcmp(b.data, want, sizeof want - 1) == 0, "%.120s", b.data + 8);
    cr_assert_eq(b.size, 8 + 0x60 + sizeof three);
    cr_assert(gr_parse_safetensors(b.data, b.size, &s, &e), "%s", e.text);
    cr_assert(memcmp(gr_tensor_named(&s, "a \"b\"")->data, three, sizeof three) == 0);
}

/* What was there stays until the new file is whole, and through a link. */
Test(files, replaced_through_a_link, .init = enter, .fini = leave)
{
    char link[80];
    gr_bytes b;
    snprintf(link, sizeof link, "%s.link", path);
    cr_assert(gr_write_safetensors(path, &some, &e));
    cr_assert_eq(symlink(path, link), 0);
    gr_save save;
    cr_assert(gr_save_open(&save, link, &e), "%s", e.text);
    fputs("new", save.file);
    fflush(save.file);
    cr_assert(gr_read_file(path, &b, &e) && b.size > 100, "the old file is there");
    cr_assert(gr_save_close(&save, &e), "%s", e.text);
    cr_assert(gr_read_file(path, &b, &e));
    cr_assert_str_eq((char *)b.data, "new");
    cr_assert_eq(unlink(link), 0);
}

Test(files, full_device)
{
    cr_assert(!gr_write_safetensors("/dev/full", &some, &e));
    cr_assert_str_eq(e.text, "cannot write: No space left on device");
    cr_assert_eq(access("/dev/full", W_OK), 0);
}

Test(files, no_folder)
{
    cr_assert(!gr_write_safetensors("/tmp/there/is/no/such", &some, &e));
    cr_assert_str_eq(e.text, "cannot write: No such file or directory");
}
