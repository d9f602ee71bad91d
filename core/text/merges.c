/* Reading merges from text and files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "text/tokenizer.h"

enum { LARGEST_FILE = 64 << 20, LONGEST_SYMBOL = 1024, OPENAI_MERGES = 48894 };

/* Symbols by their text, while merges are read: open addressing over ids + 1. */
typedef struct SymbolTable {
    const GaclipTokenizer *tokenizer;
    int32_t *slots;
    size_t capacity, count;
} SymbolTable;

static uint64_t hash_text(const char *text, size_t length)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001B3u;
    return hash ^ hash >> 31;
}

static size_t find_slot(const SymbolTable *table, const char *text, size_t length)
{
    size_t slot = (size_t)hash_text(text, length) & (table->capacity - 1);
    while (table->slots[slot]) {
        const char *symbol = table->tokenizer->symbols[table->slots[slot] - 1];
        if (strlen(symbol) == length && !memcmp(symbol, text, length)) break;
        slot = (slot + 1) & (table->capacity - 1);
    }
    return slot;
}

/* No two ids have the same text. 0 when memory is short. */
static int add_symbol(SymbolTable *table, int32_t id)
{
    const char *symbol = table->tokenizer->symbols[id];
    if (2 * table->count >= table->capacity) {
        int32_t *old = table->slots;
        size_t old_capacity = table->capacity;
        table->capacity = old_capacity ? 2 * old_capacity : 4096;
        table->slots = calloc(table->capacity, sizeof *table->slots);
        for (size_t i = 0; table->slots && i < old_capacity; i++)
            if (old[i]) {
                const char *text = table->tokenizer->symbols[old[i] - 1];
                table->slots[find_slot(table, text, strlen(text))] = old[i];
            }
        free(old);
        if (!table->slots) return 0;
    }
    table->slots[find_slot(table, symbol, strlen(symbol))] = id + 1;
    table->count++;
    return 1;
}

static int32_t find_symbol(const SymbolTable *table, const char *text, size_t length)
{
    return table->slots[find_slot(table, text, length)] - 1;
}

typedef struct MergeReader {
    GaclipTokenizer *tokenizer;
    SymbolTable table;
    int32_t *lefts, *rights;
    size_t capacity;
} MergeReader;

static int bad_line(GaclipError *err, size_t line, const char *fact)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "merges, line %zu: %s", line, fact);
}

static int remember(MergeReader *r, int32_t left, int32_t right, GaclipError *err)
{
    size_t index = r->tokenizer->merge_count;
    if (index == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 1024;
        int32_t *lefts = realloc(r->lefts, capacity * sizeof *lefts);
        if (lefts) r->lefts = lefts;
        int32_t *rights = realloc(r->rights, capacity * sizeof *rights);
        if (rights) r->rights = rights;
        if (!lefts || !rights) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        r->capacity = capacity;
    }
    r->lefts[index] = left;
    r->rights[index] = right;
    int status = gaclip__tokenizer_add_merge(r->tokenizer, left, right, err);
    if (!status && !add_symbol(&r->table, GACLIP__BASE_IDS + (int32_t)index))
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return status;
}

static int read_line(MergeReader *r, const char *line, size_t length, size_t number,
                     GaclipError *err)
{
    const char *space = memchr(line, ' ', length);
    if (length > LONGEST_SYMBOL) return bad_line(err, number, "is too long");
    if (!space || space == line || space + 1 == line + length ||
        memchr(space + 1, ' ', (size_t)(line + length - space - 1)))
        return bad_line(err, number, "is not two symbols with one space between");
    int32_t left = find_symbol(&r->table, line, (size_t)(space - line));
    int32_t right = find_symbol(&r->table, space + 1, (size_t)(line + length - space - 1));
    if (left < 0 || right < 0) return bad_line(err, number, "joins a symbol that does not exist");
    if (gaclip__pairs_find(&r->tokenizer->ranks, gaclip__pair(left, right)) >= 0)
        return bad_line(err, number, "repeats an earlier merge");
    char joined[LONGEST_SYMBOL];
    memcpy(joined, line, (size_t)(space - line));
    memcpy(joined + (space - line), space + 1, (size_t)(line + length - space - 1));
    if (find_symbol(&r->table, joined, length - 1) >= 0)
        return bad_line(err, number, "makes a symbol that is there already");
    return remember(r, left, right, err);
}

static int is_version_line(const char *line, size_t length)
{
    static const char OPENAI[] = "\"bpe_simple_vocab", HF[] = "#version";
    return (length >= sizeof OPENAI - 1 && !memcmp(line, OPENAI, sizeof OPENAI - 1)) ||
           (length >= sizeof HF - 1 && !memcmp(line, HF, sizeof HF - 1));
}

static int read_lines(MergeReader *r, const char *text, size_t size, size_t max_merges,
                      GaclipError *err)
{
    size_t number = 1;
    int status = GACLIP_OK;
    for (size_t at = 0; at < size && !status; number++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        const char *line = text + at;
        at += length + 1;
        if (length && line[length - 1] == '\r') length--;
        if (max_merges && r->tokenizer->merge_count == max_merges) break;
        if (length == 0 || (number == 1 && is_version_line(line, length))) continue;
        status = read_line(r, line, length, number, err);
    }
    return status;
}

int gaclip_tokenizer_from_merges(GaclipTokenizer **out, const char *text, size_t size,
                                 size_t max_merges, GaclipError *err)
{
    MergeReader r = {0};
    *out = NULL;
    int status = gaclip__tokenizer_new(&r.tokenizer, err);
    if (status) return status;
    r.table.tokenizer = r.tokenizer;
    for (int32_t id = 0; id < GACLIP__BASE_IDS && !status; id++)
        if (!add_symbol(&r.table, id))
            status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = read_lines(&r, text, size, max_merges, err);
    if (!status) status = gaclip__tokenizer_finish(r.tokenizer, r.lefts, r.rights, err);
    free(r.table.slots);
    free(r.lefts);
    free(r.rights);
    if (status) {
        gaclip_tokenizer_free(r.tokenizer);
        return status;
    }
    *out = r.tokenizer;
    return GACLIP_OK;
}

/* NULL with errno where that cannot be; a pipe would wait, and is refused. */
static gzFile open_regular(const char *path)
{
    struct stat info;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return NULL;
    gzFile file = NULL;
    errno = EINVAL;
    if (!fstat(descriptor, &info) && S_ISREG(info.st_mode)) file = gzdopen(descriptor, "rb");
    if (!file) close(descriptor);
    return file;
}

/* gzread passes plain files through. The caller frees *text. */
static int read_file(char **text, size_t *size, const char *path, GaclipError *err)
{
    gzFile file = open_regular(path);
    *text = NULL;
    *size = 0;
    if (!file)
        return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be opened (%s)", path,
                                strerror(errno));
    char *bytes = NULL;
    int got, status = GACLIP_OK;
    do {
        char *larger = *size < LARGEST_FILE ? realloc(bytes, *size + (1 << 20)) : NULL;
        if (!larger) {
            status =
                gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: is too large for merges", path);
            break;
        }
        bytes = larger;
        got = gzread(file, bytes + *size, 1 << 20);
        if (got < 0)
            status =
                gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be read, or is damaged", path);
        else
            *size += (size_t)got;
    } while (!status && got > 0);
    if (gzclose(file) && !status)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: is cut short", path);
    *text = bytes;
    return status;
}

int gaclip_tokenizer_open(GaclipTokenizer **out, const char *path, GaclipError *err)
{
    char *text;
    size_t size;
    *out = NULL;
    int status = read_file(&text, &size, path, err);
    if (!status) {
        /* OpenAI's file goes on with merges that CLIP does not use. */
        size_t most = size && text[0] == '"' ? OPENAI_MERGES : 0;
        status = gaclip_tokenizer_from_merges(out, text, size, most, err);
        if (status) gaclip_error_prefix(err, "%s", path);
    }
    free(text);
    return status;
}
