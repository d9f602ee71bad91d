/* Pickles of plain data; damaged ones end in an error, never in anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plain_pickle.h"

/* [{"ann_id": 2934, "split": "train", "sent": "a dam", "x": -2, "y": 0.5, "z": [None, True]},
 *  {"split": "train"}], protocol 4, written by hand after pickletools; "split" and "train" are
 * fetched from the memory in the second dict. */
static const unsigned char GOOD[] = "\x80\x04]\x94(}\x94("
                                    "\x8c\x06"
                                    "ann_id\x94M\x76\x0b"
                                    "\x8c\x05split\x94\x8c\x05train\x94"
                                    "X\x04\x00\x00\x00sent\x94\x8c\x05"
                                    "a dam\x94"
                                    "\x8c\x01xJ\xfe\xff\xff\xff"
                                    "\x8c\x01yG\x3f\xe0\x00\x00\x00\x00\x00\x00"
                                    "\x8c\x01z](N\x88"
                                    "eu}\x94h\x03h\x04se.";

static cJSON *read(const unsigned char *bytes, size_t size, GaclipError *err)
{
    cJSON *out;
    *err = (GaclipError){0};
    gaclip__plain_pickle(&out, bytes, size, "refs.p", err);
    return out;
}

static void expect_refused(const char *bytes, size_t size, int status, const char *message)
{
    GaclipError err;
    assert_null(read((const unsigned char *)bytes, size, &err));
    assert_int_equal(err.status, status);
    if (!strstr(err.message, message)) fail_msg("no \"%s\" in %s", message, err.message);
    assert_non_null(strstr(err.message, "refs.p"));
}

#define REFUSE(bytes, status, message) expect_refused(bytes, sizeof(bytes) - 1, status, message)

static void test_good(void **state)
{
    (void)state;
    GaclipError err;
    cJSON *data = read(GOOD, sizeof GOOD - 1, &err);
    if (!data) fail_msg("%s", err.message);
    char *text = cJSON_PrintUnformatted(data);
    assert_string_equal(text,
                        "[{\"ann_id\":2934,\"split\":\"train\",\"sent\":\"a dam\",\"x\":-2,\"y\":"
                        "0.5,\"z\":[null,true]},{\"split\":\"train\"}]");
    cJSON_free(text);
    cJSON_Delete(data);
}

static void test_refused(void **state)
{
    (void)state;
    REFUSE("\x80\x02"
           "cos\nsystem\nX\x02\x00\x00\x00lstR.",
           GACLIP_ERROR_UNSUPPORTED, "0x63");
    REFUSE("(lp0\n.", GACLIP_ERROR_UNSUPPORTED, "plain data");
    REFUSE("\x80\x02]q\x00(h\x00h\x00"
           "e.",
           GACLIP_ERROR_UNSUPPORTED, "is there twice");
    REFUSE("\x80\x02}K\x01K\x02s.", GACLIP_ERROR_UNSUPPORTED, "keys that are no texts");
    REFUSE("", GACLIP_ERROR_FORMAT, "ends early");
    REFUSE("\x80\x02.", GACLIP_ERROR_FORMAT, "no one value");
    REFUSE("(.", GACLIP_ERROR_FORMAT, "no one value");
    REFUSE("K\x01"
           "e.",
           GACLIP_ERROR_FORMAT, "a mark is missing");
    REFUSE("K\x01K\x02"
           "a.",
           GACLIP_ERROR_FORMAT, "no list");
    REFUSE("X\xff\xff\xff\x7fhi.", GACLIP_ERROR_FORMAT, "ends early");
    REFUSE("U\x01xr\xff\xff\xff\xff.", GACLIP_ERROR_FORMAT, "out of range");
    REFUSE("U\x01xr\x00\x01\x00\x00.", GACLIP_ERROR_FORMAT, "out of range");
}

/* A list in a list in a list ... */
static void test_deep(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *bytes = malloc(2 * DEPTH + 1);
    memset(bytes, ']', DEPTH);
    memset(bytes + DEPTH, 'a', DEPTH - 1);
    bytes[2 * DEPTH - 1] = '.';
    expect_refused(bytes, 2 * DEPTH, GACLIP_ERROR_FORMAT, "nested too deep");
    free(bytes);
}

/* One long text fetched again and again. */
static void test_growth(void **state)
{
    (void)state;
    enum { TEXT = 1000, COPIES = 100000 };
    size_t size = 0;
    char *bytes = malloc(TEXT + 2 * COPIES + 64);
    memcpy(bytes, "](X\xe8\x03\x00\x00", 7);
    memset(bytes + 7, 'x', TEXT);
    size = 7 + TEXT;
    bytes[size++] = 'q';
    bytes[size++] = 0;
    for (int i = 0; i < COPIES; i++) {
        bytes[size++] = 'h';
        bytes[size++] = 0;
    }
    bytes[size++] = 'e';
    bytes[size++] = '.';
    expect_refused(bytes, size, GACLIP_ERROR_FORMAT, "beyond measure");
    free(bytes);
}

/* Cut off anywhere it is refused; with any byte changed it is read or refused. */
static void test_damage(void **state)
{
    (void)state;
    GaclipError err;
    for (size_t size = 0; size < sizeof GOOD - 1; size++) {
        unsigned char *copy = malloc(size + 1); /* of that very size, for AddressSanitizer */
        memcpy(copy, GOOD, size);
        assert_null(read(copy, size, &err));
        free(copy);
    }
    for (size_t i = 0; i < sizeof GOOD - 1; i++)
        for (int value = 0; value < 256; value++) {
            unsigned char copy[sizeof GOOD];
            memcpy(copy, GOOD, sizeof GOOD);
            copy[i] = (unsigned char)value;
            cJSON *data = read(copy, sizeof GOOD - 1, &err);
            assert_true((data != NULL) == (err.status == GACLIP_OK));
            cJSON_Delete(data);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),   cmocka_unit_test(test_refused), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_growth), cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
