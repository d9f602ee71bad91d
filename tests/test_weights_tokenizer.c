/* tokenizer.json, and merges.txt with vocab.json, give what OpenAI's own file gives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle_tokens.h"
#include "text/tokenizer.h"
#include "weights/tokenizer_json.h"

/* symbol -> id, as vocab.json has it. */
static cJSON *vocabulary(const GaclipTokenizer *tokenizer)
{
    cJSON *json = cJSON_CreateObject(), *last = NULL;
    int size = gaclip_tokenizer_vocab_size(tokenizer);
    for (int id = 0; id < size; id++) {
        const char *symbol = id == size - 1   ? "<|endoftext|>"
                             : id == size - 2 ? "<|startoftext|>"
                                              : tokenizer->symbols[id];
        cJSON *number = cJSON_CreateNumber(id);
        number->string = strdup(symbol);
        if (last) { /* by hand: cJSON would look for the end of its list each time */
            last->next = number;
            number->prev = last;
            json->child->prev = number;
        } else {
            json->child = number;
            number->prev = number;
        }
        last = number;
    }
    return json;
}

/* ["left right", ...], or [["left", "right"], ...]. */
static char *merges_text(const GaclipTokenizer *tokenizer, int in_pairs)
{
    size_t size, used = 0;
    const char *line = strchr(gaclip_tokenizer_merges(tokenizer, &size), '\n') + 1;
    char *text = malloc(4 * size + 2);
    text[used++] = '[';
    while (*line) {
        const char *space = strchr(line, ' '), *end = strchr(line, '\n');
        char *parts[2] = {strndup(line, (size_t)(space - line)),
                          strndup(space + 1, (size_t)(end - space - 1))};
        cJSON *left = cJSON_CreateString(parts[0]), *right = cJSON_CreateString(parts[1]);
        char *a = cJSON_PrintUnformatted(left), *b = cJSON_PrintUnformatted(right);
        if (used > 1) text[used++] = ',';
        if (in_pairs)
            used += (size_t)sprintf(text + used, "[%s,%s]", a, b);
        else /* the quotes between the two go */
            used += (size_t)sprintf(text + used, "%.*s %s", (int)strlen(a) - 1, a, b + 1);
        cJSON_free(a);
        cJSON_free(b);
        cJSON_Delete(left);
        cJSON_Delete(right);
        free(parts[0]);
        free(parts[1]);
        line = end + 1;
    }
    text[used++] = ']';
    text[used] = '\0';
    return text;
}

/* Writes tokenizer.json; its path. */
static const char *write_tokenizer(const GaclipTokenizer *tokenizer, const cJSON *symbols,
                                   int in_pairs)
{
    const char *path = scratch_path("tokenizer.json");
    char *merges = merges_text(tokenizer, in_pairs), *table = cJSON_PrintUnformatted(symbols);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    fprintf(stream,
            "{\"version\":\"1.0\",\"truncation\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,"
            "\"end_of_word_suffix\":\"</w>\",\"vocab\":%s,\"merges\":%s}}\n",
            table, merges);
    assert_int_equal(fclose(stream), 0);
    free(merges);
    cJSON_free(table);
    return path;
}

static void test_tokenizer_json(void **state)
{
    (void)state;
    GaclipTokenizer *openai = oracle_tokenizer();
    cJSON *symbols = vocabulary(openai);
    for (int in_pairs = 0; in_pairs < 2; in_pairs++) {
        GaclipTokenizer *read;
        GaclipError err = {0};
        expect_ok(gaclip__tokenizer_read(&read, write_tokenizer(openai, symbols, in_pairs), &err),
                  &err);
        expect_oracle_tokens(read);
        gaclip_tokenizer_free(read);
    }
    cJSON_Delete(symbols);
    gaclip_tokenizer_free(openai);
}

static void write_text(const char *name, const char *text)
{
    write_file(scratch_path(name), text, strlen(text));
}

/* The folder holds merges.txt and vocab.json alone. */
static void test_merges_and_vocabulary(void **state)
{
    (void)state;
    GaclipTokenizer *openai = oracle_tokenizer(), *read;
    GaclipError err = {0};
    size_t size;
    cJSON *symbols = vocabulary(openai);
    char *table = cJSON_PrintUnformatted(symbols);
    remove(scratch_path("tokenizer.json"));
    write_text("vocab.json", table);
    const char *merges = strchr(gaclip_tokenizer_merges(openai, &size), '\n');
    FILE *stream = fopen(scratch_path("merges.txt"), "wb");
    assert_non_null(stream);
    fprintf(stream, "#version: 0.2%s", merges);
    assert_int_equal(fclose(stream), 0);
    expect_ok(gaclip__tokenizer_find(&read, scratch_path(""), &err), &err);
    expect_oracle_tokens(read);
    gaclip_tokenizer_free(read);
    cJSON_free(table);
    cJSON_Delete(symbols);
    gaclip_tokenizer_free(openai);
}

static GaclipTokenizer *small(void)
{
    static const char MERGES[] = "#version: 0.2\na b\nab c</w>\n";
    GaclipTokenizer *tokenizer;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_from_merges(&tokenizer, MERGES, sizeof MERGES - 1, 0, &err), &err);
    return tokenizer;
}

static void expect_refused(const char *path, const char *part)
{
    GaclipTokenizer *read = NULL;
    GaclipError err = {0};
    expect_refusal(gaclip__tokenizer_read(&read, path, &err), &err, path);
    if (!strstr(err.message, part)) fail_msg("\"%s\" does not name %s", err.message, part);
    assert_null(read);
}

/* A vocabulary that numbers anything otherwise would give other tokens than the model learned. */
static void test_other_vocabulary(void **state)
{
    (void)state;
    GaclipTokenizer *tokenizer = small();
    cJSON *symbols = vocabulary(tokenizer);
    cJSON *first = cJSON_GetObjectItemCaseSensitive(symbols, "ab");
    cJSON *second = cJSON_GetObjectItemCaseSensitive(symbols, "abc</w>");
    assert_int_equal(first->valueint, 512);
    cJSON_SetNumberValue(first, 513);
    cJSON_SetNumberValue(second, 512);
    expect_refused(write_tokenizer(tokenizer, symbols, 0), "\"ab\"");
    cJSON_SetNumberValue(first, 512.5);
    expect_refused(write_tokenizer(tokenizer, symbols, 0), "\"ab\"");
    cJSON_SetNumberValue(first, 1e300);
    expect_refused(write_tokenizer(tokenizer, symbols, 0), "\"ab\"");
    cJSON_SetNumberValue(first, 512);
    cJSON_SetNumberValue(second, 513);
    cJSON_DeleteItemFromObjectCaseSensitive(symbols, "!");
    expect_refused(write_tokenizer(tokenizer, symbols, 0), "515 entries");
    cJSON_Delete(symbols);
    gaclip_tokenizer_free(tokenizer);
}

static void test_bad_json(void **state)
{
    static const struct {
        const char *text, *part;
    } BAD[] = {
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{\"model\":{}} x", "not a JSON object"},
        {"{}", "no \"merges\""},
        {"{\"model\":{\"type\":\"WordPiece\",\"merges\":[]}}", "not a byte-pair tokenizer"},
        {"{\"model\":{\"merges\":\"a b\"}}", "no \"merges\""},
        {"{\"model\":{\"merges\":[[\"a\",\"b\",\"c\"]]}}", "no merge"},
        {"{\"model\":{\"merges\":[[\"a\"]]}}", "no merge"},
        {"{\"model\":{\"merges\":[1]}}", "no merge"},
        {"{\"model\":{\"merges\":[\"a b\\nc d\"]}}", "no merge"},
        {"{\"model\":{\"merges\":[\"a\"]}}", "two symbols"},
        {"{\"model\":{\"merges\":[\"a zz\"]}}", "does not exist"},
        {"{\"model\":{\"merges\":[\"a b\",\"a b\"]}}", "repeats"},
        {"{\"model\":{\"merges\":[\"a b\"]}}", "no vocabulary"},
        {"{\"model\":{\"merges\":[\"a b\"],\"vocab\":{}}}", "0 entries"},
        {"{\"model\":{\"merges\":[\"a b\"],\"vocab\":{\"!\":\"0\"}}}", "\"!\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        write_text("bad.json", BAD[i].text);
        expect_refused(scratch_path("bad.json"), BAD[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokenizer_json), cmocka_unit_test(test_merges_and_vocabulary),
        cmocka_unit_test(test_other_vocabulary), cmocka_unit_test(test_bad_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
