/* What the pickle interpreter may build: ordered dicts, storages, tensors. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "weights/pickle_machine.h"

enum { MOST_STORAGES = 1 << 14, SMALL_REPEAT = 1 << 16 };

typedef GaclipPickleMachine Machine;
typedef GaclipPickleNode Node;

enum { ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, STORAGE_CLASS };

static const struct {
    const char *module, *name;
    int what;
    GaclipDtype dtype; /* of a STORAGE_CLASS */
} GLOBALS[] = {
    {"collections", "OrderedDict", ORDERED_DICT, 0},
    {"torch._utils", "_rebuild_tensor_v2", REBUILD_TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", REBUILD_PARAMETER, 0},
    {"torch", "FloatStorage", STORAGE_CLASS, GACLIP_DTYPE_F32},
    {"torch", "HalfStorage", STORAGE_CLASS, GACLIP_DTYPE_F16},
    {"torch", "BFloat16Storage", STORAGE_CLASS, GACLIP_DTYPE_BF16},
    {"torch", "DoubleStorage", STORAGE_CLASS, GACLIP_DTYPE_F64},
    {"torch", "LongStorage", STORAGE_CLASS, GACLIP_DTYPE_I64},
    {"torch", "IntStorage", STORAGE_CLASS, GACLIP_DTYPE_I32},
    {"torch", "ByteStorage", STORAGE_CLASS, GACLIP_DTYPE_U8},
    {"torch", "BoolStorage", STORAGE_CLASS, GACLIP_DTYPE_BOOL},
};

enum { SHOWN = 64 };

/* The start of what may be any bytes, for a message. */
static void show(char out[SHOWN], const char *text, size_t length)
{
    size_t i = 0;
    for (; i < length && i < SHOWN - 1; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[i] = '\0';
}

int gaclip__pickle_global(Machine *m, const char *module, size_t module_length, const char *name,
                          size_t name_length, GaclipError *err)
{
    for (uint32_t i = 0; i < sizeof GLOBALS / sizeof *GLOBALS; i++)
        if (gaclip__pickle_is_text(module, module_length, GLOBALS[i].module) &&
            gaclip__pickle_is_text(name, name_length, GLOBALS[i].name))
            return gaclip__pickle_push(m, (Node){.kind = GACLIP__PICKLE_GLOBAL, .first = i}, err);
    char shown_module[SHOWN], shown_name[SHOWN];
    show(shown_module, module, module_length);
    show(shown_name, name, name_length);
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "the pickle asks for %s.%s, which no state dict needs; nothing was "
                            "run; save the state dict alone: torch.save(model.state_dict(), FILE)",
                            shown_module, shown_name);
}

/* Item i of a tuple, NULL where it has another kind. */
static const Node *item(const Machine *m, uint32_t tuple, uint32_t i, GaclipPickleKind kind)
{
    const Node *node = &m->nodes[m->links.items[m->nodes[tuple].first + i]];
    return node->kind == kind ? node : NULL;
}

/* Folders, dots and slashes have no place in a key. */
static int copy_key(char key[24], const Machine *m, const Node *text)
{
    if (text->count == 0 || text->count >= 24) return 0;
    memset(key, 0, 24);
    for (uint32_t i = 0; i < text->count; i++) {
        unsigned char c = m->bytes[text->first + i];
        if (c >= 128 || (!isalnum(c) && c != '_')) return 0;
        key[i] = (char)c;
    }
    return 1;
}

/* The first place in storage_order whose key is not before this one. */
static size_t find_storage(const Machine *m, const char *key)
{
    size_t low = 0, high = m->storage_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(m->storages[m->storage_order.items[middle]].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert_storage(Machine *m, size_t place, const GaclipTorchStorage *storage,
                          GaclipError *err)
{
    if (m->storage_count == MOST_STORAGES)
        return gaclip__pickle_damaged(err, "it has too many storages");
    if (!gaclip__pickle_grow(&m->storages, &m->storage_capacity, m->storage_count,
                             sizeof *m->storages))
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip__pickle_add_index(&m->storage_order, 0, err);
    if (status) return status;
    uint32_t *order = m->storage_order.items;
    memmove(order + place + 1, order + place, (m->storage_count - place) * sizeof *order);
    order[place] = (uint32_t)m->storage_count;
    m->storages[m->storage_count++] = *storage;
    return GACLIP_OK;
}

static int add_storage(Machine *m, const GaclipTorchStorage *storage, GaclipError *err)
{
    size_t place = find_storage(m, storage->key);
    uint32_t i = place < m->storage_count ? m->storage_order.items[place] : 0;
    if (place == m->storage_count || strcmp(m->storages[i].key, storage->key)) {
        i = (uint32_t)m->storage_count;
        int status = insert_storage(m, place, storage, err);
        if (status) return status;
    } else if (m->storages[i].dtype != storage->dtype || m->storages[i].count != storage->count) {
        return gaclip__pickle_damaged(err, "it describes a storage in two ways");
    }
    return gaclip__pickle_push(m, (Node){.kind = GACLIP__PICKLE_STORAGE, .first = i}, err);
}

/* ("storage", class, key, device, count), as torch/serialization.py writes it. */
int gaclip__pickle_storage(Machine *m, uint32_t id, GaclipError *err)
{
    GaclipTorchStorage storage;
    static const char FACT[] = "a storage is not described as torch.save does";
    if (m->nodes[id].kind != GACLIP__PICKLE_TUPLE || m->nodes[id].count != 5)
        return gaclip__pickle_damaged(err, FACT);
    const Node *word = item(m, id, 0, GACLIP__PICKLE_TEXT);
    const Node *class = item(m, id, 1, GACLIP__PICKLE_GLOBAL);
    const Node *key = item(m, id, 2, GACLIP__PICKLE_TEXT);
    const Node *count = item(m, id, 4, GACLIP__PICKLE_INTEGER);
    if (!word ||
        !gaclip__pickle_is_text((const char *)m->bytes + word->first, word->count, "storage") ||
        !class || GLOBALS[class->first].what != STORAGE_CLASS || !key ||
        !copy_key(storage.key, m, key) || !count || count->integer < 0 ||
        count->integer > INT64_MAX / 8)
        return gaclip__pickle_damaged(err, FACT);
    storage.dtype = GLOBALS[class->first].dtype;
    storage.count = (uint64_t)count->integer;
    return add_storage(m, &storage, err);
}

static int read_dimensions(int64_t *out, const Machine *m, const Node *tuple)
{
    if (tuple->count > GACLIP__MAX_RANK) return 0;
    for (uint32_t i = 0; i < tuple->count; i++) {
        const Node *length = &m->nodes[m->links.items[tuple->first + i]];
        if (length->kind != GACLIP__PICKLE_INTEGER || length->integer < 0 ||
            length->integer > (int64_t)1 << 40)
            return 0;
        out[i] = length->integer;
    }
    return 1;
}

/* The view must lie in its storage, and may repeat elements (stride 0) only when it is small. */
static int fits(GaclipTorchTensor *t, uint64_t available)
{
    uint64_t last = t->offset, limit = (uint64_t)1 << 53;
    t->count = 1;
    for (int d = 0; d < t->rank; d++) {
        uint64_t length = (uint64_t)t->shape[d], stride = (uint64_t)t->stride[d];
        if (length && t->count > limit / length) return 0;
        t->count *= (size_t)length;
        if (length > 1 && stride > (limit - last) / (length - 1)) return 0;
        if (length > 1) last += (length - 1) * stride;
    }
    if (t->count == 0) return t->offset <= available;
    return last < available && (t->count <= available || t->count <= SMALL_REPEAT);
}

/* (storage, offset, shape, strides, requires_grad, hooks[, metadata]) */
static int rebuild_tensor(Machine *m, uint32_t arguments, GaclipError *err)
{
    GaclipTorchTensor t = {0};
    uint32_t count = m->nodes[arguments].count;
    if (count < 6 || count > 7)
        return gaclip__pickle_damaged(err, "a tensor is not described as torch.save does");
    const Node *storage = item(m, arguments, 0, GACLIP__PICKLE_STORAGE);
    const Node *offset = item(m, arguments, 1, GACLIP__PICKLE_INTEGER);
    const Node *shape = item(m, arguments, 2, GACLIP__PICKLE_TUPLE);
    const Node *stride = item(m, arguments, 3, GACLIP__PICKLE_TUPLE);
    if (!storage || !offset || !shape || !stride || offset->integer < 0 ||
        offset->integer > (int64_t)1 << 53 || shape->count != stride->count ||
        !read_dimensions(t.shape, m, shape) || !read_dimensions(t.stride, m, stride))
        return gaclip__pickle_damaged(err, "a tensor is not described as torch.save does");
    t.rank = (int)shape->count;
    t.offset = (size_t)offset->integer;
    t.storage = storage->first;
    t.dtype = m->storages[t.storage].dtype;
    if (!fits(&t, m->storages[t.storage].count))
        return gaclip__pickle_damaged(err, "a tensor reaches beyond its storage");
    if (m->tensor_count == GACLIP__MOST_TORCH_TENSORS)
        return gaclip__pickle_damaged(err, "it has too many tensors");
    if (!gaclip__pickle_grow(&m->tensors, &m->tensor_capacity, m->tensor_count, sizeof *m->tensors))
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    m->tensors[m->tensor_count++] = t;
    Node node = {.kind = GACLIP__PICKLE_TENSOR, .first = (uint32_t)m->tensor_count - 1};
    return gaclip__pickle_push(m, node, err);
}

int gaclip__pickle_call(Machine *m, const Node *global, uint32_t arguments, GaclipError *err)
{
    uint32_t count = m->nodes[arguments].count;
    switch (GLOBALS[global->first].what) {
    case REBUILD_TENSOR:
        return rebuild_tensor(m, arguments, err);
    case REBUILD_PARAMETER: {
        const Node *tensor = count == 3 ? item(m, arguments, 0, GACLIP__PICKLE_TENSOR) : NULL;
        if (!tensor) return gaclip__pickle_damaged(err, "a parameter holds no tensor");
        return gaclip__pickle_push(m, *tensor, err);
    }
    case ORDERED_DICT:
        if (count == 0) return gaclip__pickle_push(m, (Node){.kind = GACLIP__PICKLE_DICT}, err);
        break;
    default:
        break;
    }
    return gaclip__pickle_damaged(err, "it calls a class with something unexpected");
}
