/* Finding the state dict in what a pickle built. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "weights/pickle_machine.h"

enum { LONGEST_NAME = 512, MOST_SHARED = 16 };

typedef GaclipPickleMachine Machine;
typedef GaclipPickleNode Node;

int gaclip__pickle_is_text(const char *text, size_t length, const char *expected)
{
    return strlen(expected) == length && !memcmp(text, expected, length);
}

typedef struct Entries {
    const Machine *machine;
    uint32_t next; /* index + 1 of a pair */
} Entries;

/* The next entry with a text as its key; 0 at the end. */
static int next_entry(const Node **key, const Node **value, Entries *entries)
{
    const Machine *m = entries->machine;
    while (entries->next) {
        const GaclipPicklePair *pair = &m->pairs[entries->next - 1];
        entries->next = pair->previous;
        *key = &m->nodes[pair->key];
        *value = &m->nodes[pair->value];
        if ((*key)->kind == GACLIP__PICKLE_TEXT) return 1;
    }
    return 0;
}

static Entries entries_of(const Machine *m, const Node *dict)
{
    return (Entries){m, dict->count ? dict->first + 1 : 0};
}

/* Tensors in the dict, and bytes that their names take with a 0 behind each. */
static size_t count_tensors(size_t *name_bytes, const Machine *m, const Node *dict)
{
    const Node *key, *value;
    Entries entries = entries_of(m, dict);
    size_t count = 0;
    *name_bytes = 0;
    while (next_entry(&key, &value, &entries))
        if (value->kind == GACLIP__PICKLE_TENSOR) {
            *name_bytes += key->count + 1;
            count++;
        }
    return count;
}

/* The dict that an entry of this name holds: the newest entry counts, as in Python. */
static const Node *find_dict(const Machine *m, const Node *root, const char *name)
{
    const Node *key, *value;
    Entries entries = entries_of(m, root);
    while (next_entry(&key, &value, &entries))
        if (gaclip__pickle_is_text((const char *)m->bytes + key->first, key->count, name))
            return value->kind == GACLIP__PICKLE_DICT ? value : NULL;
    return NULL;
}

static const Node *find_state_dict(const Machine *m, const Node *root)
{
    static const char *const NAMES[] = {"state_dict", "model_state_dict", "model", "module"};
    size_t bytes;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const Node *dict = find_dict(m, root, NAMES[i]);
        if (dict && count_tensors(&bytes, m, dict) > 0) return dict;
    }
    return root;
}

/* Keeps the storages of the tensors alone: an optimiser's, say, are never looked at. */
static int take_storages(GaclipPickle *out, const Machine *m, GaclipError *err)
{
    uint32_t *places = calloc(m->storage_count + 1, sizeof *places); /* in out, + 1 */
    out->storages = calloc(m->storage_count + 1, sizeof *out->storages);
    if (!places || !out->storages) {
        free(places);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < out->count; i++) {
        size_t from = out->tensors[i].storage;
        if (!places[from]) {
            out->storages[out->storage_count++] = m->storages[from];
            places[from] = (uint32_t)out->storage_count;
        }
        out->tensors[i].storage = places[from] - 1;
    }
    free(places);
    return GACLIP_OK;
}

/* Tied weights share a storage; a small file that poses as hundreds of large tensors does too. */
static int check_sharing(const GaclipPickle *p, GaclipError *err)
{
    double stored = 1 << 20, asked = 0;
    for (size_t i = 0; i < p->storage_count; i++) stored += (double)p->storages[i].count;
    for (size_t i = 0; i < p->count; i++) asked += (double)p->tensors[i].count;
    if (asked > MOST_SHARED * stored)
        return gaclip__pickle_damaged(err, "its tensors are many times larger than their storages");
    return GACLIP_OK;
}

static int take_tensors(GaclipPickle *out, const Machine *m, const Node *dict, GaclipError *err)
{
    const Node *key, *value;
    Entries entries = entries_of(m, dict);
    char *name = out->names;
    while (next_entry(&key, &value, &entries)) {
        if (value->kind != GACLIP__PICKLE_TENSOR) continue;
        const uint8_t *text = m->bytes + key->first;
        if (key->count == 0 || key->count > LONGEST_NAME || memchr(text, 0, key->count) ||
            u8_check(text, key->count))
            return gaclip__pickle_damaged(err, "a tensor's name is no text of 1 to 512 bytes");
        memcpy(name, text, key->count);
        name[key->count] = '\0';
        out->tensors[out->count] = m->tensors[value->first];
        out->tensors[out->count++].name = name;
        name += key->count + 1;
    }
    return GACLIP_OK;
}

/* The keys of a dict without tensors, as far as they fit and can be printed. */
static void list_keys(char out[160], const Machine *m, const Node *dict)
{
    const Node *key, *value;
    Entries entries = entries_of(m, dict);
    size_t used = 0;
    out[0] = '\0';
    while (next_entry(&key, &value, &entries)) {
        const uint8_t *text = m->bytes + key->first;
        int printable = key->count > 0;
        for (size_t i = 0; i < key->count && printable; i++)
            printable = text[i] > ' ' && text[i] < 127;
        if (!printable || used + key->count + 3 > 160) continue;
        used += (size_t)snprintf(out + used, 160 - used, "%s%.*s", used ? ", " : "",
                                 (int)key->count, (const char *)text);
    }
}

static int refuse_other_keys(const Machine *m, const Node *dict, GaclipError *err)
{
    char keys[160];
    list_keys(keys, m, dict);
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "holds no CLIP model: no tensors in its dict, nor in one under "
                            "state_dict, model_state_dict, model or module%s%s%s; save the state "
                            "dict alone: torch.save(model.state_dict(), FILE)",
                            *keys ? " (its keys: " : "", keys, *keys ? ")" : "");
}

int gaclip__pickle_state_dict(GaclipPickle *out, const Machine *m, uint32_t root, GaclipError *err)
{
    size_t name_bytes = 0;
    if (m->nodes[root].kind != GACLIP__PICKLE_DICT)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "the pickle holds no state dict; save one: "
                                "torch.save(model.state_dict(), FILE)");
    const Node *dict = find_state_dict(m, &m->nodes[root]);
    size_t count = count_tensors(&name_bytes, m, dict);
    if (!count) return refuse_other_keys(m, dict, err);
    /* No name is there twice, so that all names lie in the pickle. */
    if (count > GACLIP__MOST_TORCH_TENSORS || name_bytes > m->size)
        return gaclip__pickle_damaged(err, "it names more tensors than it holds");
    out->tensors = calloc(count + 1, sizeof *out->tensors);
    out->names = malloc(name_bytes + 1);
    if (!out->tensors || !out->names) {
        gaclip__pickle_clear(out);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    int status = take_tensors(out, m, dict, err);
    if (!status) status = take_storages(out, m, err);
    if (!status) status = check_sharing(out, err);
    if (status) gaclip__pickle_clear(out);
    return status;
}
