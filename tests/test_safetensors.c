/* Safetensors files: what is written is read, and what is wrong is refused in one line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "oracle.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Values of several types, handed over in no order. */
static const float ROW[] = {1.5f, -0.0f, 3e-42f, 3.4e38f, -7, 0.1f}, SCALAR[] = {4.25f};
static const double WIDE[] = {0.1, -1e300};
static const int64_t INTEGERS[] = {-1, INT64_MAX};
static const uint16_t HALVES[] = {0x3C00, 0xC000, 0x0001};
static const unsigned char BYTES[] = {1, 2, 3, 4, 5};

static const GaclipTensor TENSORS[] = {
    {.name = "bytes", .dtype = GACLIP_DTYPE_U8, .rank = 1, .shape = {5}, .data = BYTES, .bytes = 5},
    {.name = "half",
     .dtype = GACLIP_DTYPE_F16,
     .rank = 1,
     .shape = {3},
     .data = HALVES,
     .bytes = 6},
    {.name = "row",
     .dtype = GACLIP_DTYPE_F32,
     .rank = 2,
     .shape = {2, 3},
     .data = ROW,
     .bytes = 24},
    {.name = "scalar", .dtype = GACLIP_DTYPE_F32, .rank = 0, .data = SCALAR, .bytes = 4},
    {.name = "whole",
     .dtype = GACLIP_DTYPE_I64,
     .rank = 1,
     .shape = {2},
     .data = INTEGERS,
     .bytes = 16},
    {.name = "none",
     .dtype = GACLIP_DTYPE_F32,
     .rank = 2,
     .shape = {0, 4},
     .data = ROW,
     .bytes = 0},
    {.name = "wide",
     .dtype = GACLIP_DTYPE_F64,
     .rank = 1,
     .shape = {2},
     .data = WIDE,
     .bytes = 16}};

static const char *const KEYS[] = {"format", "words"};
static const char *const VALUES[] = {"pt", "\"quoted\"\nl\xC3\xADnea\t{}"};

static GaclipSafetensors *open_good(const char *path)
{
    GaclipSafetensors *file = NULL;
    GaclipError err = {0};
    expect_ok(gaclip__safetensors_open(&file, path, &err), &err);
    return file;
}

static const char *write_good(const char *name)
{
    GaclipError err = {0};
    const char *path = scratch_path(name);
    expect_ok(
        gaclip__safetensors_write(path, TENSORS, COUNT(TENSORS), KEYS, VALUES, COUNT(KEYS), &err),
        &err);
    return path;
}

static void test_round_trip(void **state)
{
    (void)state;
    GaclipSafetensors *file = open_good(write_good("good"));
    assert_int_equal(gaclip__safetensors_count(file), COUNT(TENSORS));
    for (size_t i = 0; i < COUNT(TENSORS); i++) {
        const GaclipTensor *wrote = &TENSORS[i],
                           *read = gaclip__safetensors_find(file, wrote->name);
        assert_non_null(read);
        assert_int_equal(read->dtype, wrote->dtype);
        assert_int_equal(read->rank, wrote->rank);
        assert_memory_equal(read->shape, wrote->shape, sizeof read->shape);
        assert_int_equal(read->bytes, wrote->bytes);
        assert_int_equal(read->count, wrote->bytes / gaclip__dtype_size(wrote->dtype));
        if (read->bytes) assert_memory_equal(read->data, wrote->data, read->bytes);
    }
    assert_null(gaclip__safetensors_find(file, "row "));
    assert_null(gaclip__safetensors_find(file, "__metadata__"));
    for (size_t i = 0; i < COUNT(KEYS); i++)
        assert_string_equal(gaclip__safetensors_metadata(file, KEYS[i]), VALUES[i]);
    assert_null(gaclip__safetensors_metadata(file, "Format"));
    gaclip__safetensors_close(file);
}

/* By element size, then name; the data begins at a multiple of 8, so that every tensor is aligned.
 */
static void test_order(void **state)
{
    static const char *const ORDER[] = {"whole", "wide", "none", "row", "scalar", "half", "bytes"};
    (void)state;
    GaclipSafetensors *file = open_good(write_good("order"));
    size_t size;
    const unsigned char *bytes = gaclip__safetensors_bytes(file, &size);
    const unsigned char *next = gaclip__safetensors_find(file, ORDER[0])->data;
    assert_int_equal((next - bytes) % 8, 0);
    for (size_t i = 0; i < COUNT(ORDER); i++) {
        const GaclipTensor *t = gaclip__safetensors_find(file, ORDER[i]);
        assert_int_equal((uintptr_t)t->data % gaclip__dtype_size(t->dtype), 0);
        assert_ptr_equal(t->data, next);
        next += t->bytes;
    }
    assert_ptr_equal(next, bytes + size);
    gaclip__safetensors_close(file);
}

static void test_widening(void **state)
{
    (void)state;
    static const float HALF[] = {1, -2, 0x1p-24f}, WIDE_AS_FLOAT[] = {0.1f, -INFINITY};
    GaclipSafetensors *file = open_good(write_good("widen"));
    GaclipError err = {0};
    float out[6];
    expect_ok(gaclip__tensor_to_f32(out, gaclip__safetensors_find(file, "row"), &err), &err);
    assert_memory_equal(out, ROW, sizeof ROW);
    expect_ok(gaclip__tensor_to_f32(out, gaclip__safetensors_find(file, "half"), &err), &err);
    assert_memory_equal(out, HALF, sizeof HALF);
    expect_ok(gaclip__tensor_to_f32(out, gaclip__safetensors_find(file, "wide"), &err), &err);
    assert_memory_equal(out, WIDE_AS_FLOAT, sizeof WIDE_AS_FLOAT);
    expect_refusal(gaclip__tensor_to_f32(out, gaclip__safetensors_find(file, "whole"), &err), &err,
                   "tensor \"whole\"");
    expect_refusal(gaclip__tensor_to_f32(out, gaclip__safetensors_find(file, "bytes"), &err), &err,
                   "tensor \"bytes\"");
    gaclip__safetensors_close(file);
}

/* Values around every rounding boundary of the two formats; ties go to the even side. */
static void test_half_precision(void **state)
{
    static const struct {
        float value;
        uint16_t f16, bf16;
    } CASES[] = {{0.0f, 0, 0},
                 {-0.0f, 0x8000, 0x8000},
                 {1.0f, 0x3C00, 0x3F80},
                 {0x1.002p0f, 0x3C00, 0x3F80}, /* 1 + 2^-11: half a unit of f16 */
                 {0x1.006p0f, 0x3C02, 0x3F80},
                 {0x1.01p0f, 0x3C04, 0x3F80}, /* 1 + 2^-8: half a unit of bf16 */
                 {0x1.03p0f, 0x3C0C, 0x3F82},
                 {65504.0f, 0x7BFF, 0x4780},
                 {65519.996f, 0x7BFF, 0x4780},
                 {65520.0f, 0x7C00, 0x4780},
                 {-65536.0f, 0xFC00, 0xC780},
                 {0x1p-14f, 0x0400, 0x3880},
                 {0x1.ffcp-15f, 0x0400, 0x3880},
                 {0x1p-24f, 0x0001, 0x3380},
                 {0x1.000002p-25f, 0x0001, 0x3300},
                 {0x1p-25f, 0x0000, 0x3300},
                 {0x1.8p-24f, 0x0002, 0x33C0},
                 {3.4028235e38f, 0x7C00, 0x7F80},
                 {-INFINITY, 0xFC00, 0xFF80}};
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        if (gaclip__f32_to_f16(CASES[i].value) != CASES[i].f16)
            fail_msg("%a in f16: %04x", (double)CASES[i].value, gaclip__f32_to_f16(CASES[i].value));
        if (gaclip__f32_to_bf16(CASES[i].value) != CASES[i].bf16)
            fail_msg("%a in bf16: %04x", (double)CASES[i].value,
                     gaclip__f32_to_bf16(CASES[i].value));
    }
    assert_true(isnan(gaclip__f16_to_f32(gaclip__f32_to_f16(NAN))));
    assert_true(isnan(gaclip__bf16_to_f32(gaclip__f32_to_bf16(NAN))));
    for (unsigned bits = 0; bits < 65536; bits++) {
        float f16 = gaclip__f16_to_f32((uint16_t)bits), bf16 = gaclip__bf16_to_f32((uint16_t)bits);
        if (isnan(f16) ? !isnan(gaclip__f16_to_f32(gaclip__f32_to_f16(f16)))
                       : gaclip__f32_to_f16(f16) != bits)
            fail_msg("f16 %04x does not come back", bits);
        if (isnan(bf16) ? !isnan(gaclip__bf16_to_f32(gaclip__f32_to_bf16(bf16)))
                        : gaclip__f32_to_bf16(bf16) != bits)
            fail_msg("bf16 %04x does not come back", bits);
    }
}

/* A file of that header, claimed as its length, and data bytes of zeros. */
static void put_header(const char *path, const char *header, size_t length, uint64_t claimed,
                       size_t data)
{
    unsigned char *bytes = calloc(8 + length + data, 1);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(claimed >> (8 * i));
    memcpy(bytes + 8, header, length);
    write_file(path, bytes, 8 + length + data);
    free(bytes);
}

/* Opening fails, with or without a place for the message. */
static void expect_bad(const char *what, const char *path)
{
    GaclipSafetensors *file = NULL;
    GaclipError err = {0};
    int status = gaclip__safetensors_open(&file, path, &err);
    if (!status) fail_msg("accepted: %s", what);
    expect_refusal(status, &err, path);
    assert_null(file);
    assert_int_equal(gaclip__safetensors_open(&file, path, NULL), status);
}

#define A(rest) "{\"a\":{\"dtype\":\"F32\"," rest "}}"
#define GOOD(name, range)                                                                          \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" range "}"

static void test_bad_headers(void **state)
{
    static const struct {
        const char *header;
        size_t data;
    } BAD[] = {
        /* not a JSON object */
        {"", 0},
        {"[]", 0},
        {"{", 0},
        {"{}x", 0},
        {" {}", 0},
        {"hello, world", 0},
        {"{\"a\"}", 0},
        {"{\"\xff\":1}", 0},
        {"{/* */}", 0},
        {"null", 0},
        {"{} {}", 0},
        /* places */
        {"{" GOOD("a", "[0,8]") "," GOOD("a", "[8,16]") "}", 16},
        {"{" GOOD("a", "[0,8]") "," GOOD("b", "[4,12]") "}", 12},
        {"{" GOOD("a", "[0,8]") "," GOOD("b", "[0,8]") "}", 8},
        {"{" GOOD("a", "[0,8]") "," GOOD("b", "[12,20]") "}", 20},
        {"{" GOOD("a", "[4,12]") "}", 12},
        {"{" GOOD("a", "[0,8]") "}", 9},
        {"{" GOOD("a", "[0,8]") "}", 7},
        {"{" GOOD("a", "[0,8]") "}", 0},
        {"{}", 1},
        {"{" GOOD("a", "[8,0]") "}", 8},
        {"{" GOOD("a", "[8]") "}", 8},
        {"{" GOOD("a", "[0,8,8]") "}", 8},
        {"{" GOOD("a", "[]") "}", 8},
        {"{" GOOD("a", "8") "}", 8},
        {"{" GOOD("a", "[-8,0]") "}", 8},
        {"{" GOOD("a", "[0.5,8.5]") "}", 9},
        {"{" GOOD("a", "[0,1e300]") "}", 8},
        {"{" GOOD("a", "[0,18446744073709551624]") "}", 8}, /* 2^64 + 8 */
        {"{" GOOD("a", "[\"0\",\"8\"]") "}", 8},
        {"{" GOOD("a", "[0,9]") "}", 9},
        {A("\"shape\":[2]"), 8},
        /* types */
        {"{\"a\":{\"dtype\":\"F8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2},
        {"{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":4,\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8},
        /* shapes */
        {A("\"shape\":[3],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[-2],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[-1,-2],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[2.5],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[\"2\"],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[null],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[[2]],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":{},\"data_offsets\":[0,4]"), 4},
        {A("\"shape\":2,\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[1e400],\"data_offsets\":[0,8]"), 8},
        {A("\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]"), 0}, /* 2^64 */
        {A("\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]"), 0}, /* the same */
        {A("\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]"), 8},
        {A("\"data_offsets\":[0,8]"), 8},
        /* entries */
        {"{\"a\":8}", 0},
        {"{\"a\":[]}", 0},
        {"{\"a\":{}}", 0},
        {A("\"shape\":[2],\"data_offsets\":[0,8],\"order\":\"C\""), 8},
        {A("\"shape\":[2],\"data_offsets\":[0,8],\"shape\":[2]"), 8},
        {"{\"__metadata__\":[]}", 0},
        {"{\"__metadata__\":{\"a\":1}}", 0},
        {"{\"__metadata__\":{\"a\":{}}}", 0},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0},
        /* zeros in texts */
        {"{" GOOD("a\\u0000b", "[0,8]") "}", 8},
        {"{\"__metadata__\":{\"a\":\"x\\u0000y\"}}", 0},
        {"{\"__metadata__\":{\"a\\\\\\u0000\":\"x\"}}", 0},
        /* a name that would break the line or command the terminal */
        {"{\"two\\nlines\\u001b[2J\":8}", 0},
    };
    (void)state;
    const char *path = scratch_path("bad");
    for (size_t i = 0; i < COUNT(BAD); i++) {
        size_t length = strlen(BAD[i].header);
        put_header(path, BAD[i].header, length, length, BAD[i].data);
        expect_bad(BAD[i].header, path);
    }
}

/* What the wrong ones are variants of is right. */
static void test_good_headers(void **state)
{
    static const struct {
        const char *header;
        size_t data;
    } RIGHT[] = {{"{}", 0},
                 {"{}      ", 0},
                 {"{" GOOD("a", "[0,8]") "}", 8},
                 {"{" GOOD("b", "[8,16]") "," GOOD("a", "[0,8]") "}", 16},
                 {"{" GOOD("a\\\\u0000", "[0,8]") "}", 8},
                 {"{" GOOD("\xC3\xA4", "[0,8]") "}", 8},
                 {A("\"shape\":[0,4294967296],\"data_offsets\":[0,0]"), 0},
                 {"{\"__metadata__\":{\"a\":\"\\\\u0000\"}}", 0}};
    (void)state;
    const char *path = scratch_path("right");
    for (size_t i = 0; i < COUNT(RIGHT); i++) {
        size_t length = strlen(RIGHT[i].header);
        put_header(path, RIGHT[i].header, length, length, RIGHT[i].data);
        gaclip__safetensors_close(open_good(path));
    }
}

static void test_raw_zero(void **state)
{
    static const char HEADER[] =
        "{\"a\0b\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}";
    (void)state;
    const char *path = scratch_path("zero");
    put_header(path, HEADER, sizeof HEADER - 1, sizeof HEADER - 1, 1);
    expect_bad("a zero byte in a name", path);
}

static void test_deep_nesting(void **state)
{
    enum { DEPTH = 200000 };
    (void)state;
    const char *path = scratch_path("deep");
    char *header = malloc(DEPTH + 8);
    assert_non_null(header);
    memset(header, '[', DEPTH + 8);
    memcpy(header, "{\"a\":", 5);
    put_header(path, header, DEPTH, DEPTH, 0);
    expect_bad("200,000 brackets", path);
    free(header);
}

static void test_lying_length(void **state)
{
    static const char HEADER[] = "{" GOOD("a", "[0,8]") "}";
    static const uint64_t LIES[] = {0,
                                    1,
                                    2,
                                    7,
                                    sizeof HEADER - 2,
                                    sizeof HEADER,
                                    sizeof HEADER + 7,
                                    sizeof HEADER + 8,
                                    UINT64_MAX,
                                    UINT64_MAX - 7,
                                    (uint64_t)1 << 63,
                                    (uint64_t)1 << 32};
    (void)state;
    const char *path = scratch_path("lie");
    for (size_t i = 0; i < COUNT(LIES); i++) {
        put_header(path, HEADER, sizeof HEADER - 1, LIES[i], 8);
        expect_bad("a wrong header length", path);
    }
    put_header(path, HEADER, sizeof HEADER - 1, 100000001, 8);
    assert_int_equal(truncate(path, 101000000), 0);
    expect_bad("a header of over 100 MB", path);
}

static void test_truncation(void **state)
{
    (void)state;
    size_t size;
    char *bytes = read_file(write_good("whole"), &size);
    const char *path = scratch_path("cut");
    assert_non_null(bytes);
    for (size_t length = 0; length < size; length++) {
        write_file(path, bytes, length);
        expect_bad("a file that is cut short", path);
    }
    free(bytes);
}

static void test_not_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir(scratch_path("folder"), 0777), 0);
    assert_int_equal(mkfifo(scratch_path("pipe"), 0666), 0);
    expect_bad("a folder", scratch_path("folder"));
    expect_bad("a pipe", scratch_path("pipe"));
    expect_bad("a file that is not there", scratch_path("missing"));
    expect_bad("a device", "/dev/zero");
}

/* Reads everything that an opened file offers. */
static void read_all(const GaclipSafetensors *file)
{
    GaclipError err;
    for (size_t i = 0; i < gaclip__safetensors_count(file); i++) {
        const GaclipTensor *t = gaclip__safetensors_at(file, i);
        float *values = malloc(t->count * sizeof *values + 1);
        assert_non_null(values);
        gaclip__tensor_to_f32(values, t, &err);
        assert_ptr_equal(gaclip__safetensors_find(file, t->name), t);
        free(values);
    }
    for (size_t i = 0; i < COUNT(KEYS); i++) gaclip__safetensors_metadata(file, KEYS[i]);
}

static void test_mutations(void **state)
{
    enum { MUTATIONS = 2000 };
    (void)state;
    size_t size;
    int refused = 0;
    char *bytes = read_file(write_good("origin"), &size), *mutant = malloc(size);
    const char *path = scratch_path("mutant");
    GaclipRandom random;
    gaclip__random_seed(&random, 5);
    assert_true(bytes && mutant);
    for (int i = 0; i < MUTATIONS; i++) {
        GaclipSafetensors *file;
        GaclipError err = {0};
        memcpy(mutant, bytes, size);
        for (int n = gaclip__random_below(&random, 3); n >= 0; n--)
            mutant[gaclip__random_below(&random, (int)size)] =
                (char)gaclip__random_below(&random, 256);
        write_file(path, mutant, size);
        int status = gaclip__safetensors_open(&file, path, &err);
        if (status) {
            expect_refusal(status, &err, path);
            refused++;
        } else {
            read_all(file);
        }
        gaclip__safetensors_close(file);
    }
    assert_in_range(refused, MUTATIONS / 2, MUTATIONS - 1);
    free(bytes);
    free(mutant);
}

/* A file whose tensors lie at odd addresses is read all the same. */
static void test_unaligned(void **state)
{
    static const char HEADER[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]},"
                                 "\"c\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[5,13]}}";
    (void)state;
    const char *path = scratch_path("odd");
    GaclipError err = {0};
    float value = 1;
    put_header(path, HEADER, sizeof HEADER - 1, sizeof HEADER - 1, 13);
    GaclipSafetensors *file = open_good(path);
    expect_ok(gaclip__tensor_to_f32(&value, gaclip__safetensors_find(file, "b"), &err), &err);
    expect_ok(gaclip__tensor_to_f32(&value, gaclip__safetensors_find(file, "c"), &err), &err);
    assert_true(value == 0);
    gaclip__safetensors_close(file);
}

static void expect_write_fails(const char *path)
{
    GaclipError err = {0};
    int before = scratch_count();
    expect_refusal(
        gaclip__safetensors_write(path, TENSORS, COUNT(TENSORS), KEYS, VALUES, COUNT(KEYS), &err),
        &err, path);
    assert_int_equal(err.status, GACLIP_ERROR_IO);
    assert_int_equal(scratch_count(), before);
}

static void test_write_failures(void **state)
{
    (void)state;
    const char *path = scratch_path("older");
    write_file(path, "older", 5);
    expect_write_fails(scratch_path("no/such/folder"));
    expect_write_fails(scratch_path("older/file"));
    mkdir(scratch_path("target"), 0777);
    expect_write_fails(scratch_path("target"));
    limit_files(100);
    expect_write_fails(path);
    expect_write_fails(scratch_path("newer"));
    unlimit_files();
    char *bytes = read_file(path, NULL);
    assert_string_equal(bytes, "older");
    free(bytes);
    assert_int_equal(access(scratch_path("newer"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_order),
        cmocka_unit_test(test_widening),     cmocka_unit_test(test_half_precision),
        cmocka_unit_test(test_good_headers), cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_raw_zero),     cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_lying_length), cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_not_files),    cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_unaligned),    cmocka_unit_test(test_write_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
