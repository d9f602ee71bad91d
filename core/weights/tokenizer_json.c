#include "weights/tokenizer_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/tokenizer.h"
#include "weights/json_file.h"

typedef struct Buffer {
    char *text;
    size_t size, capacity;
} Buffer;

static int append(Buffer *b, const char *text, size_t length, GaclipError *err)
{
    if (b->capacity - b->size < length) {
        size_t capacity = 2 * (b->capacity + length);
        char *larger = realloc(b->text, capacity);
        if (!larger) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        b->text = larger;
        b->capacity = capacity;
    }
    memcpy(b->text + b->size, text, length);
    b->size += length;
    return GACLIP_OK;
}

static int append_text(Buffer *b, const cJSON *item, char end, GaclipError *err)
{
    const char *text = cJSON_GetStringValue(item);
    if (!text || strchr(text, '\n'))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "its merges hold something that is no merge");
    int status = append(b, text, strlen(text), err);
    return status ? status : append(b, &end, 1, err);
}

/* A merge is "left right", or since 2024 ["left", "right"]. */
static int append_merge(Buffer *b, const cJSON *merge, GaclipError *err)
{
    if (!cJSON_IsArray(merge)) return append_text(b, merge, '\n', err);
    const cJSON *left = merge->child;
    if (!left || !left->next || left->next->next)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "its merges hold something that is no merge");
    int status = append_text(b, left, ' ', err);
    return status ? status : append_text(b, left->next, '\n', err);
}

int gaclip__tokenizer_check(const GaclipTokenizer *tokenizer, const cJSON *vocabulary,
                            GaclipError *err)
{
    const cJSON *entry;
    int size = gaclip_tokenizer_vocab_size(tokenizer), count = 0;
    if (!cJSON_IsObject(vocabulary))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "holds no vocabulary");
    cJSON_ArrayForEach(entry, vocabulary)
    {
        double id = cJSON_IsNumber(entry) ? entry->valuedouble : -1;
        if (id != floor(id)) id = -1;
        const char *expected = id >= 0 && id < size - 2   ? tokenizer->symbols[(int)id]
                               : id == (double)(size - 2) ? "<|startoftext|>"
                               : id == (double)(size - 1) ? "<|endoftext|>"
                                                          : NULL;
        if (!expected || strcmp(expected, entry->string))
            return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                    "its vocabulary numbers \"%.40s\" otherwise than CLIP's "
                                    "tokenizer does with these merges",
                                    entry->string);
        count++;
    }
    if (count != size)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "its vocabulary has %d entries, the merges make %d", count, size);
    return GACLIP_OK;
}

int gaclip__tokenizer_from_json(GaclipTokenizer **out, const cJSON *json, GaclipError *err)
{
    *out = NULL;
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(json, "model"), *merge;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(model, "type");
    const cJSON *merges = cJSON_GetObjectItemCaseSensitive(model, "merges");
    if (!cJSON_IsArray(merges) ||
        (type && (!cJSON_IsString(type) || strcmp(cJSON_GetStringValue(type), "BPE"))))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "is not a byte-pair tokenizer: it has no \"merges\"");
    Buffer text = {0};
    int status = append(&text, "#version: 0.2\n", 14, err);
    cJSON_ArrayForEach(merge, merges)
    {
        if (status) break;
        status = append_merge(&text, merge, err);
    }
    GaclipTokenizer *tokenizer = NULL;
    if (!status) status = gaclip_tokenizer_from_merges(&tokenizer, text.text, text.size, 0, err);
    if (!status)
        status = gaclip__tokenizer_check(tokenizer,
                                         cJSON_GetObjectItemCaseSensitive(model, "vocab"), err);
    free(text.text);
    if (status) {
        gaclip_tokenizer_free(tokenizer);
        return status;
    }
    *out = tokenizer;
    return GACLIP_OK;
}

static int ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

static int read_json(GaclipTokenizer **out, const char *path, GaclipError *err)
{
    cJSON *json;
    int status = gaclip__json_read(&json, path, err);
    if (status) return status;
    status = gaclip__tokenizer_from_json(out, json, err);
    if (status) gaclip_error_prefix(err, "%s", path);
    cJSON_Delete(json);
    return status;
}

/* merges.txt's own vocabulary lies beside it. */
static int check_beside(const GaclipTokenizer *tokenizer, const char *path, GaclipError *err)
{
    char *vocabulary = gaclip__path_beside(path, "vocab.json");
    if (!vocabulary) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = GACLIP_OK;
    if (!access(vocabulary, F_OK)) {
        cJSON *json;
        status = gaclip__json_read(&json, vocabulary, err);
        if (!status) {
            status = gaclip__tokenizer_check(tokenizer, json, err);
            if (status) gaclip_error_prefix(err, "%s", vocabulary);
            cJSON_Delete(json);
        }
    }
    free(vocabulary);
    return status;
}

int gaclip__tokenizer_read(GaclipTokenizer **out, const char *path, GaclipError *err)
{
    *out = NULL;
    if (ends_with(path, ".json")) return read_json(out, path, err);
    GaclipTokenizer *tokenizer;
    int status = gaclip_tokenizer_open(&tokenizer, path, err);
    if (status) return status;
    if (ends_with(path, "merges.txt")) status = check_beside(tokenizer, path, err);
    if (status) {
        gaclip_tokenizer_free(tokenizer);
        return status;
    }
    *out = tokenizer;
    return GACLIP_OK;
}

int gaclip__tokenizer_find(GaclipTokenizer **out, const char *folder, GaclipError *err)
{
    static const char *const NAMES[] = {"tokenizer.json", "merges.txt",
                                        "bpe_simple_vocab_16e6.txt.gz",
                                        "bpe_simple_vocab_16e6.txt"};
    *out = NULL;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char *path = gaclip__path_in(folder, NAMES[i]);
        if (!path) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        int found = !access(path, F_OK), status = GACLIP_OK;
        if (found) status = gaclip__tokenizer_read(out, path, err);
        free(path);
        if (found) return status;
    }
    return gaclip_error_set(
        err, GACLIP_ERROR_IO,
        "%s: has no tokenizer; put the model's tokenizer.json or merges.txt, or "
        "CLIP's bpe_simple_vocab_16e6.txt.gz, there, or name one with "
        "gaclip-model convert --tokenizer",
        folder);
}
