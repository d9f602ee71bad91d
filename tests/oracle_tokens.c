#include "oracle_tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

GaclipTokenizer *oracle_tokenizer(void)
{
    GaclipTokenizer *tokenizer = NULL;
    GaclipError err = {0};
    expect_ok(gaclip_tokenizer_open(&tokenizer,
                                    oracle_path("tokenizer/bpe_simple_vocab_16e6.txt.gz"), &err),
              &err);
    return tokenizer;
}

static int same_ids(const int32_t *ids, size_t count, const cJSON *expected)
{
    if (cJSON_GetArraySize(expected) != (int)count) return 0;
    for (size_t i = 0; i < count; i++)
        if (cJSON_GetArrayItem(expected, (int)i)->valueint != ids[i]) return 0;
    return 1;
}

/* A JSON string with its length: "\u0000" is legal in it, and cJSON would end there, so the
 * line's own text is decoded. *length without the closing zero. */
static char *decode_string(const char *line, size_t *length)
{
    const char *at = strstr(line, "\"text\": \"");
    if (!at) fail_msg("a case has no text: %.80s", line);
    at += strlen("\"text\": \"");
    char *out = malloc(4 * strlen(at) + 1);
    size_t n = 0;
    while (*at != '"') {
        unsigned code = 0, low = 0;
        if (*at != '\\') {
            out[n++] = *at++;
            continue;
        }
        if (at[1] != 'u') {
            static const char FROM[] = "nrtbf\"\\/", TO[] = "\n\r\t\b\f\"\\/";
            out[n++] = TO[strchr(FROM, at[1]) - FROM];
            at += 2;
            continue;
        }
        sscanf(at + 2, "%4x", &code);
        at += 6;
        if (code >= 0xD800 && code < 0xDC00 && sscanf(at, "\\u%4x", &low) == 1) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 6;
        }
        if (code < 0x80) {
            out[n++] = (char)code;
        } else if (code < 0x800) {
            out[n++] = (char)(0xC0 | code >> 6);
            out[n++] = (char)(0x80 | (code & 63));
        } else if (code < 0x10000) {
            out[n++] = (char)(0xE0 | code >> 12);
            out[n++] = (char)(0x80 | (code >> 6 & 63));
            out[n++] = (char)(0x80 | (code & 63));
        } else {
            out[n++] = (char)(0xF0 | code >> 18);
            out[n++] = (char)(0x80 | (code >> 12 & 63));
            out[n++] = (char)(0x80 | (code >> 6 & 63));
            out[n++] = (char)(0x80 | (code & 63));
        }
    }
    out[n] = '\0';
    *length = n;
    return out;
}

/* Whole ids, and rows cut to CLIP's and Long-CLIP's contexts. */
static int case_is_right(const GaclipTokenizer *tokenizer, const char *line, const cJSON *one)
{
    static const struct {
        const char *key;
        int context;
    } CUTS[] = {{"ids_77", 77}, {"ids_248", 248}};
    size_t length, count;
    int32_t *ids, row[248];
    GaclipError err = {0};
    char *text = decode_string(line, &length);
    expect_ok(gaclip_tokenizer_encode(&ids, &count, tokenizer, text, length, &err), &err);
    int right = same_ids(ids, count, cJSON_GetObjectItemCaseSensitive(one, "ids"));
    for (int i = 0; i < 2 && strlen(text) == length; i++) {
        const cJSON *cut = cJSON_GetObjectItemCaseSensitive(one, CUTS[i].key);
        int used;
        if (!cut) continue;
        expect_ok(gaclip_tokenizer_encode_row(row, &used, CUTS[i].context, tokenizer, text, &err),
                  &err);
        right = right && used == CUTS[i].context && same_ids(row, (size_t)used, cut);
    }
    free(ids);
    free(text);
    return right;
}

void expect_oracle_tokens(const GaclipTokenizer *tokenizer)
{
    char *lines = read_file(oracle_path("tokenizer/cases.jsonl"), NULL), *rest = NULL;
    int cases = 0, wrong = 0;
    assert_non_null(lines);
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *one = cJSON_Parse(line);
        assert_non_null(one);
        if (!case_is_right(tokenizer, line, one)) {
            print_message("wrong: %.200s\n", line);
            wrong++;
        }
        cJSON_Delete(one);
        cases++;
    }
    assert_true(cases > 500);
    assert_int_equal(wrong, 0);
    free(lines);
}
