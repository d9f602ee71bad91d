/* A libFuzzer target: anything as tokenizer.json; what is read encodes a text. */
#include <stdlib.h>

#include "fuzz.h"
#include "weights/json_file.h"
#include "weights/tokenizer_json.h"

static void encode(const GaclipTokenizer *tokenizer)
{
    static const char TEXT[] = "An abc of abcabc, \xC3\xA9t\xC3\xA9 12";
    int32_t *ids;
    size_t count;
    GaclipError err = {0};
    if (gaclip_tokenizer_encode(&ids, &count, tokenizer, TEXT, sizeof TEXT - 1, &err)) {
        fuzz_expect_message(&err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        fuzz_expect(ids[i] >= 0 && ids[i] < gaclip_tokenizer_vocab_size(tokenizer),
                    "a token beyond the vocabulary");
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *json;
    GaclipTokenizer *tokenizer;
    GaclipError err = {0};
    const char *path = fuzz_file(data, size);
    if (!path) return 0;
    int status = gaclip__json_read(&json, path, &err);
    if (!status) {
        status = gaclip__tokenizer_from_json(&tokenizer, json, &err);
        cJSON_Delete(json);
    }
    if (status) {
        fuzz_expect_message(&err);
        return 0;
    }
    encode(tokenizer);
    gaclip_tokenizer_free(tokenizer);
    return 0;
}
