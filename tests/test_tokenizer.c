/* The tokenizer against the oracle's table, both formats of merges, and learning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gaclip/text.h"
#include "oracle_tokens.h"
#include "text/tokenizer.h"

static void test_cases(void **state)
{
    (void)state;
    GaclipTokenizer *tokenizer = oracle_tokenizer();
    expect_oracle_tokens(tokenizer);
    gaclip_tokenizer_free(tokenizer);
}

static void expect_ids(const GaclipTokenizer *tokenizer, const char *text, const int32_t *expected,
                       size_t expected_count)
{
    int32_t *ids;
    size_t count;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_encode(&ids, &count, tokenizer, text, strlen(text), &err), &err);
    assert_int_equal(count, expected_count);
    assert_memory_equal(ids, expected, count * sizeof *ids);
    free(ids);
}

/* "abc abc": a+b, then ab+c at the word's end. */
static const char MERGES[] = "#version: 0.2\na b\nab c</w>\n";

static void test_merges(void **state)
{
    (void)state;
    GaclipTokenizer *tokenizer;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_from_merges(&tokenizer, MERGES, sizeof MERGES - 1, 0, &err), &err);
    assert_int_equal(gaclip_tokenizer_vocab_size(tokenizer), 512 + 2 + 2);
    /* CLIP's bytes begin with '!'; "abc" is the second merge, start and end close the table. */
    expect_ids(tokenizer, "ABC", (const int32_t[]){514, 513, 515}, 3);
    expect_ids(tokenizer, "ab", (const int32_t[]){514, 'a' - '!', 256 + 'b' - '!', 515}, 4);
    expect_ids(tokenizer, "", (const int32_t[]){514, 515}, 2);
    gaclip_tokenizer_free(tokenizer);
    expect_ok(gaclip_tokenizer_from_merges(&tokenizer, MERGES, sizeof MERGES - 1, 1, &err), &err);
    assert_int_equal(gaclip_tokenizer_vocab_size(tokenizer), 512 + 1 + 2);
    gaclip_tokenizer_free(tokenizer);
}

static void test_bad_merges(void **state)
{
    static const char *const BAD[] = {
        "a b c\n",     "a\n",         "a b\na b\n", "zz y\n",
        "a b\nab \n",  "a b\n x y\n", "\xff b\n",   "a b\nb c\nab c\na bc\n",
        "a b\nab  c\n"};
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        GaclipTokenizer *tokenizer = NULL;
        GaclipError err = {0};
        assert_int_equal(gaclip_tokenizer_from_merges(&tokenizer, BAD[i], strlen(BAD[i]), 0, &err),
                         GACLIP_ERROR_FORMAT);
        assert_non_null(strstr(err.message, "line "));
        assert_null(tokenizer);
    }
}

static void test_row(void **state)
{
    (void)state;
    GaclipTokenizer *tokenizer;
    GaclipError err = {0};
    int32_t row[4];
    int used;
    expect_ok(gaclip_tokenizer_from_merges(&tokenizer, MERGES, sizeof MERGES - 1, 0, &err), &err);
    expect_ok(gaclip_tokenizer_encode_row(row, &used, 4, tokenizer, "abc", &err), &err);
    assert_int_equal(used, 3);
    assert_int_equal(row[3], 0);
    expect_ok(gaclip_tokenizer_encode_row(row, &used, 4, tokenizer, "abc abc abc abc", &err), &err);
    assert_int_equal(used, 4);
    assert_int_equal(row[3], 515);
    assert_int_equal(gaclip_tokenizer_encode_row(row, &used, 1, tokenizer, "abc", &err),
                     GACLIP_ERROR_ARGUMENT);
    gaclip_tokenizer_free(tokenizer);
}

static void test_invalid_utf8(void **state)
{
    (void)state;
    GaclipTokenizer *tokenizer;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_from_merges(&tokenizer, MERGES, sizeof MERGES - 1, 0, &err), &err);
    static const char *const TEXTS[] = {"\xff", "\xc3", "a\xe2\x82", "\xf8\x88\x80\x80\x80",
                                        "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        int32_t *ids;
        size_t count;
        expect_ok(
            gaclip_tokenizer_encode(&ids, &count, tokenizer, TEXTS[i], strlen(TEXTS[i]), &err),
            &err);
        assert_true(count > 2);
        for (size_t k = 0; k < count; k++) assert_in_range(ids[k], 0, 515);
        free(ids);
    }
    gaclip_tokenizer_free(tokenizer);
}

static void test_learning(void **state)
{
    static const char *const TEXTS[] = {"a wind turbine on a field", "two wind turbines",
                                        "a field with a storage tank", "storage tanks in a row"};
    (void)state;
    GaclipTokenizer *one, *two, *read_back;
    GaclipError err = {0};
    size_t size;
    int32_t *ids;
    expect_ok(gaclip_tokenizer_learn(&one, TEXTS, 4, 200, 2, &err), &err);
    expect_ok(gaclip_tokenizer_learn(&two, TEXTS, 4, 200, 2, &err), &err);
    assert_string_equal(gaclip_tokenizer_merges(one, &size), gaclip_tokenizer_merges(two, &size));
    assert_true(gaclip_tokenizer_vocab_size(one) > 520);
    assert_true(gaclip_tokenizer_vocab_size(one) <= 714);
    const char *merges = gaclip_tokenizer_merges(one, &size);
    expect_ok(gaclip_tokenizer_from_merges(&read_back, merges, size, 0, &err), &err);
    expect_ok(gaclip_tokenizer_encode(&ids, &size, one, "wind field", 10, &err), &err);
    assert_int_equal(size, 4); /* words seen twice have become one token each */
    expect_ids(read_back, "wind field", ids, size);
    free(ids);
    gaclip_tokenizer_free(one);
    gaclip_tokenizer_free(two);
    gaclip_tokenizer_free(read_back);
}

/* The symbols of ids, joined, with a space where a word ends; free with free(). */
static char *decode(const GaclipTokenizer *tokenizer, const int32_t *ids, size_t count)
{
    char *out = calloc(count + 1, 64), *end = out;
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        if (ids[i] >= gaclip_tokenizer_vocab_size(tokenizer) - 2) continue;
        const char *symbol = tokenizer->symbols[ids[i]], *mark = strstr(symbol, "</w>");
        size_t length = mark ? (size_t)(mark - symbol) : strlen(symbol);
        assert_true(length < 60);
        memcpy(end, symbol, length);
        end += length;
        if (mark) *end++ = ' ';
    }
    return out;
}

/* Lower-case words that come in one piece, so that decoding gives the text back. */
static void test_round_trip(void **state)
{
    static const char *const TEXTS[] = {"a field with a storage tank and a wind turbine ",
                                        "unseen words qwertyuiop zzzz too ", "x ", ""};
    (void)state;
    GaclipTokenizer *learned, *tokenizers[2] = {oracle_tokenizer()};
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_learn(&learned, TEXTS, 4, 100, 1, &err), &err);
    tokenizers[1] = learned;
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
            int32_t *ids;
            size_t count;
            expect_ok(gaclip_tokenizer_encode(&ids, &count, tokenizers[t], TEXTS[i],
                                              strlen(TEXTS[i]), &err),
                      &err);
            char *text = decode(tokenizers[t], ids, count);
            assert_string_equal(text, TEXTS[i]);
            free(text);
            free(ids);
        }
    gaclip_tokenizer_free(tokenizers[0]);
    gaclip_tokenizer_free(tokenizers[1]);
}

/* The pair "a b" is the most frequent (3), then "ab c" (2) before "b c" would be (0 left); of the
 * pairs seen once, none is learned. */
static void test_learned_merges(void **state)
{
    static const char *const TEXTS[] = {"abc xab", "zabcz qabcq", "", " \t"};
    static const char EXPECTED[] = "a b\nab c\n";
    (void)state;
    GaclipTokenizer *tokenizer;
    GaclipError err = {0};
    size_t size;
    expect_ok(gaclip_tokenizer_learn(&tokenizer, TEXTS, 4, 50, 2, &err), &err);
    const char *merges = strchr(gaclip_tokenizer_merges(tokenizer, &size), '\n') + 1;
    assert_string_equal(merges, EXPECTED);
    gaclip_tokenizer_free(tokenizer);
    expect_ok(gaclip_tokenizer_learn(&tokenizer, TEXTS, 4, 1, 1, &err), &err);
    assert_int_equal(gaclip_tokenizer_vocab_size(tokenizer), 512 + 1 + 2);
    gaclip_tokenizer_free(tokenizer);
    expect_ok(gaclip_tokenizer_learn(&tokenizer, NULL, 0, 10, 1, &err), &err);
    assert_int_equal(gaclip_tokenizer_vocab_size(tokenizer), 512 + 2);
    gaclip_tokenizer_free(tokenizer);
}

/* A run of 100,000 letters is encoded, and learning from it gives merges that can be read back. */
static void test_long_word(void **state)
{
    enum { LENGTH = 100000 };
    (void)state;
    GaclipTokenizer *tokenizer = NULL, *read_back;
    GaclipError err = {0};
    size_t size;
    int32_t *ids;
    char *text = malloc(LENGTH + 1);
    const char *texts[1] = {text};
    assert_non_null(text);
    for (int i = 0; i < LENGTH; i++) text[i] = (char)('a' + i * (i / 26 % 25 + 1) % 26);
    text[LENGTH] = '\0';
    expect_ok(gaclip_tokenizer_learn(&tokenizer, texts, 1, 1000, 1, &err), &err);
    const char *merges = gaclip_tokenizer_merges(tokenizer, &size);
    expect_ok(gaclip_tokenizer_from_merges(&read_back, merges, size, 0, &err), &err);
    gaclip_tokenizer_free(tokenizer);
    gaclip_tokenizer_free(read_back);
    expect_ok(gaclip_tokenizer_from_merges(&tokenizer, MERGES, sizeof MERGES - 1, 0, &err), &err);
    expect_ok(gaclip_tokenizer_encode(&ids, &size, tokenizer, text, LENGTH, &err), &err);
    assert_in_range(size, LENGTH / 2, LENGTH + 2);
    free(ids);
    free(text);
    gaclip_tokenizer_free(tokenizer);
}

/* OpenAI's merges in a plain file with Hugging Face's first line give the same ids. */
static void test_hugging_face_file(void **state)
{
    static const char *const TEXTS[] = {"A wind turbine beside two storage tanks.",
                                        "na\xC3\xAFve caf\xC3\xA9, 12 km\xC2\xB2 \xF0\x9F\x9A\x80",
                                        "it's the harbour's <|endoftext|>"};
    (void)state;
    GaclipTokenizer *first = oracle_tokenizer(), *second;
    GaclipError err = {0};
    size_t size, count;
    const char *merges = gaclip_tokenizer_merges(first, &size), *path = scratch_path("merges.txt");
    const char *lines = strchr(merges, '\n');
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    fputs("#version: 0.2", stream);
    fwrite(lines, 1, size - (size_t)(lines - merges), stream);
    fclose(stream);
    expect_ok(gaclip_tokenizer_open(&second, path, &err), &err);
    assert_int_equal(gaclip_tokenizer_vocab_size(second), 49408);
    assert_int_equal(gaclip_tokenizer_vocab_size(first), 49408);
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        int32_t *ids;
        expect_ok(gaclip_tokenizer_encode(&ids, &count, first, TEXTS[i], strlen(TEXTS[i]), &err),
                  &err);
        expect_ids(second, TEXTS[i], ids, count);
        free(ids);
    }
    gaclip_tokenizer_free(first);
    gaclip_tokenizer_free(second);
}

static void expect_bad_file(const char *path)
{
    GaclipTokenizer *tokenizer = NULL;
    GaclipError err = {0};
    expect_refusal(gaclip_tokenizer_open(&tokenizer, path, &err), &err, path);
    assert_null(tokenizer);
}

static void test_bad_files(void **state)
{
    (void)state;
    size_t size;
    char *bytes = read_file(oracle_path("tokenizer/bpe_simple_vocab_16e6.txt.gz"), &size);
    const char *path = scratch_path("merges.gz");
    assert_non_null(bytes);
    static const size_t LEFT_OUT[] = {1, 8, 1000, 700000};
    for (int i = 0; i < 4; i++) {
        write_file(path, bytes, size - LEFT_OUT[i]);
        expect_bad_file(path);
    }
    for (size_t i = 500000; i < 500100; i++) bytes[i] = (char)(bytes[i] ^ 0x55);
    write_file(path, bytes, size);
    expect_bad_file(path);
    free(bytes);
    write_file(path, "not two\nsymbols\n", 16);
    expect_bad_file(path);
    expect_bad_file(scratch_path(""));
}

static void test_missing_file(void **state)
{
    (void)state;
    GaclipTokenizer *tokenizer = NULL;
    GaclipError err = {0};
    assert_int_equal(gaclip_tokenizer_open(&tokenizer, "no/such/merges.txt", &err),
                     GACLIP_ERROR_IO);
    assert_non_null(strstr(err.message, "no/such/merges.txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_merges),
        cmocka_unit_test(test_bad_merges),   cmocka_unit_test(test_row),
        cmocka_unit_test(test_invalid_utf8), cmocka_unit_test(test_learning),
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_learned_merges),
        cmocka_unit_test(test_long_word),    cmocka_unit_test(test_hugging_face_file),
        cmocka_unit_test(test_bad_files),    cmocka_unit_test(test_missing_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
