/* The opcodes of the pickle interpreter. */
#include <stdlib.h>
#include <string.h>

#include "weights/pickle_machine.h"

enum { DEEPEST_MARK = 64 };

typedef GaclipPickleMachine Machine;
typedef GaclipPickleNode Node;

static int push_plain(Machine *m, GaclipPickleKind kind, GaclipError *err)
{
    return gaclip__pickle_push(m, (Node){.kind = kind}, err);
}

static int op_protocol(Machine *m, GaclipError *err)
{
    uint64_t version = 0;
    int status = gaclip__pickle_read_number(&version, m, 1, err);
    if (!status && (version < 2 || version > 5))
        status =
            gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                             "the pickle is of protocol %d; torch.save writes 2", (int)version);
    return status;
}

static int op_frame(Machine *m, GaclipError *err)
{
    return gaclip__pickle_skip(m, 8, err);
}

static int op_other(Machine *m, GaclipError *err)
{
    return push_plain(m, GACLIP__PICKLE_OTHER, err);
}

static int op_list(Machine *m, GaclipError *err)
{
    return push_plain(m, GACLIP__PICKLE_LIST, err);
}

static int op_dict(Machine *m, GaclipError *err)
{
    return push_plain(m, GACLIP__PICKLE_DICT, err);
}

static int op_float(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_skip(m, 8, err);
    return status ? status : op_other(m, err);
}

static int push_integer(Machine *m, size_t bytes, int is_signed, GaclipError *err)
{
    uint64_t number = 0;
    int status = gaclip__pickle_read_number(&number, m, bytes, err);
    if (status) return status;
    if (is_signed && bytes && bytes < 8 && number >> (8 * bytes - 1))
        number |= ~(uint64_t)0 << (8 * bytes);
    return gaclip__pickle_push(
        m, (Node){.kind = GACLIP__PICKLE_INTEGER, .integer = (int64_t)number}, err);
}

static int op_integer_1(Machine *m, GaclipError *err)
{
    return push_integer(m, 1, 0, err);
}

static int op_integer_2(Machine *m, GaclipError *err)
{
    return push_integer(m, 2, 0, err);
}

static int op_integer_4(Machine *m, GaclipError *err)
{
    return push_integer(m, 4, 1, err);
}

static int op_long(Machine *m, GaclipError *err)
{
    uint64_t bytes = 0;
    int status = gaclip__pickle_read_number(&bytes, m, 1, err);
    if (status) return status;
    if (bytes <= 8) return push_integer(m, (size_t)bytes, 1, err);
    status = gaclip__pickle_skip(m, (size_t)bytes,
                                 err); /* a random seed, say: no size or place is so long */
    return status ? status : op_other(m, err);
}

static int push_text(Machine *m, size_t length_bytes, GaclipError *err)
{
    uint64_t length = 0;
    int status = gaclip__pickle_read_number(&length, m, length_bytes, err);
    if (status) return status;
    uint32_t first = (uint32_t)m->at;
    if (length > m->size - m->at) return gaclip__pickle_damaged(err, "a text goes beyond its end");
    m->at += (size_t)length;
    return gaclip__pickle_push(
        m, (Node){.kind = GACLIP__PICKLE_TEXT, .first = first, .count = (uint32_t)length}, err);
}

static int op_short_text(Machine *m, GaclipError *err)
{
    return push_text(m, 1, err);
}

static int op_text(Machine *m, GaclipError *err)
{
    return push_text(m, 4, err);
}

static int op_mark(Machine *m, GaclipError *err)
{
    if (m->marks.count == DEEPEST_MARK)
        return gaclip__pickle_damaged(err, "its containers are nested too deep");
    return gaclip__pickle_add_index(&m->marks, (uint32_t)m->stack.count, err);
}

/* Takes the newest mark away; *count values lie above it, from *first of the stack on. */
static int close_mark(size_t *first, size_t *count, Machine *m, GaclipError *err)
{
    if (m->marks.count == 0) return gaclip__pickle_damaged(err, "it closes what it never opened");
    *first = m->marks.items[--m->marks.count];
    *count = m->stack.count - *first;
    return GACLIP_OK;
}

static int push_tuple(Machine *m, size_t count, GaclipError *err)
{
    Node tuple = {
        .kind = GACLIP__PICKLE_TUPLE, .first = (uint32_t)m->links.count, .count = (uint32_t)count};
    for (size_t i = 0; i < count; i++) {
        int status =
            gaclip__pickle_add_index(&m->links, m->stack.items[m->stack.count - count + i], err);
        if (status) return status;
    }
    m->stack.count -= count;
    return gaclip__pickle_push(m, tuple, err);
}

static int op_tuple(Machine *m, GaclipError *err)
{
    size_t first = 0, count = 0;
    int status = close_mark(&first, &count, m, err);
    return status ? status : push_tuple(m, count, err);
}

static int op_empty_tuple(Machine *m, GaclipError *err)
{
    return push_tuple(m, 0, err);
}

static int op_tuple_1(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 1, err);
    return status ? status : push_tuple(m, 1, err);
}

static int op_tuple_2(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 2, err);
    return status ? status : push_tuple(m, 2, err);
}

static int op_tuple_3(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 3, err);
    return status ? status : push_tuple(m, 3, err);
}

static int expect_top(const Machine *m, GaclipPickleKind kind, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 1, err);
    if (!status && gaclip__pickle_top(m)->kind != kind)
        status = gaclip__pickle_damaged(err, "it fills something that is no container");
    return status;
}

static int op_append(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 2, err);
    if (status) return status;
    gaclip__pickle_pop(m);
    return expect_top(m, GACLIP__PICKLE_LIST, err);
}

static int op_appends(Machine *m, GaclipError *err)
{
    size_t first = 0, count = 0;
    int status = close_mark(&first, &count, m, err);
    if (status) return status;
    m->stack.count = first;
    return expect_top(m, GACLIP__PICKLE_LIST, err);
}

static int add_pair(Machine *m, Node *dict, uint32_t key, uint32_t value, GaclipError *err)
{
    if (!gaclip__pickle_grow(&m->pairs, &m->pair_capacity, m->pair_count, sizeof *m->pairs))
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    m->pairs[m->pair_count++] = (GaclipPicklePair){key, value, dict->count ? dict->first + 1 : 0};
    dict->first = (uint32_t)m->pair_count - 1;
    dict->count++;
    return GACLIP_OK;
}

/* count values above the dict: key, value, key, value, ... */
static int set_items(Machine *m, size_t count, GaclipError *err)
{
    m->stack.count -= count;
    int status = expect_top(m, GACLIP__PICKLE_DICT, err);
    if (!status && count % 2) status = gaclip__pickle_damaged(err, "a key has no value");
    const uint32_t *items = status ? NULL : m->stack.items + m->stack.count;
    for (size_t i = 0; i < count && !status; i += 2)
        status = add_pair(m, gaclip__pickle_top(m), items[i], items[i + 1], err);
    return status;
}

static int op_set_item(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 3, err);
    return status ? status : set_items(m, 2, err);
}

static int op_set_items(Machine *m, GaclipError *err)
{
    size_t first = 0, count = 0;
    int status = close_mark(&first, &count, m, err);
    return status ? status : set_items(m, count, err);
}

/* Attributes of an OrderedDict (a state dict's _metadata): of no use here. */
static int op_build(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 2, err);
    if (status) return status;
    gaclip__pickle_pop(m);
    return expect_top(m, GACLIP__PICKLE_DICT, err);
}

static int put(Machine *m, uint64_t index, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 1, err);
    if (!status && index >= m->size)
        status = gaclip__pickle_damaged(err, "its memo has more entries than the pickle has bytes");
    while (!status && m->memo.count <= index) status = gaclip__pickle_add_index(&m->memo, 0, err);
    if (!status) m->memo.items[index] = m->stack.items[m->stack.count - 1] + 1;
    return status;
}

static int op_put(Machine *m, GaclipError *err)
{
    uint64_t index = 0;
    int status = gaclip__pickle_read_number(&index, m, 1, err);
    return status ? status : put(m, index, err);
}

static int op_long_put(Machine *m, GaclipError *err)
{
    uint64_t index = 0;
    int status = gaclip__pickle_read_number(&index, m, 4, err);
    return status ? status : put(m, index, err);
}

static int op_memoize(Machine *m, GaclipError *err)
{
    return put(m, m->memo.count, err);
}

static int get(Machine *m, size_t index_bytes, GaclipError *err)
{
    uint64_t index = 0;
    int status = gaclip__pickle_read_number(&index, m, index_bytes, err);
    if (status) return status;
    if (index >= m->memo.count || m->memo.items[index] == 0)
        return gaclip__pickle_damaged(err, "it recalls what it never stored");
    return gaclip__pickle_push_index(m, m->memo.items[index] - 1, err);
}

static int op_get(Machine *m, GaclipError *err)
{
    return get(m, 1, err);
}

static int op_long_get(Machine *m, GaclipError *err)
{
    return get(m, 4, err);
}

/* Up to the next newline, which is passed over. */
static int read_line(const char **line, size_t *length, Machine *m, GaclipError *err)
{
    const unsigned char *start = m->bytes + m->at, *end = memchr(start, '\n', m->size - m->at);
    if (!end) return gaclip__pickle_damaged(err, "it is cut short");
    *line = (const char *)start;
    *length = (size_t)(end - start);
    m->at += *length + 1;
    return GACLIP_OK;
}

static int op_global(Machine *m, GaclipError *err)
{
    const char *module = NULL, *name = NULL;
    size_t module_length = 0, name_length = 0;
    int status = read_line(&module, &module_length, m, err);
    if (!status) status = read_line(&name, &name_length, m, err);
    return status ? status
                  : gaclip__pickle_global(m, module, module_length, name, name_length, err);
}

static int op_stack_global(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 2, err);
    if (status) return status;
    const Node *name = &m->nodes[gaclip__pickle_pop(m)], *module = &m->nodes[gaclip__pickle_pop(m)];
    if (name->kind != GACLIP__PICKLE_TEXT || module->kind != GACLIP__PICKLE_TEXT)
        return gaclip__pickle_damaged(err, "a global's name is not a text");
    const char *text = (const char *)m->bytes;
    return gaclip__pickle_global(m, text + module->first, module->count, text + name->first,
                                 name->count, err);
}

static int op_reduce(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 2, err);
    if (status) return status;
    uint32_t arguments = gaclip__pickle_pop(m);
    Node callee = m->nodes[gaclip__pickle_pop(m)];
    if (callee.kind != GACLIP__PICKLE_GLOBAL || m->nodes[arguments].kind != GACLIP__PICKLE_TUPLE)
        return gaclip__pickle_damaged(err, "it calls something that is not a global");
    return gaclip__pickle_call(m, &callee, arguments, err);
}

static int op_persistent_id(Machine *m, GaclipError *err)
{
    int status = gaclip__pickle_need(m, 1, err);
    return status ? status : gaclip__pickle_storage(m, gaclip__pickle_pop(m), err);
}

enum { STOP = '.' };

static const struct {
    unsigned char code;
    int (*run)(Machine *m, GaclipError *err);
} OPCODES[] = {
    {0x80, op_protocol},   {0x95, op_frame},        {'N', op_other},     {0x88, op_other},
    {0x89, op_other},      {']', op_list},          {'}', op_dict},      {'G', op_float},
    {'K', op_integer_1},   {'M', op_integer_2},     {'J', op_integer_4}, {0x8a, op_long},
    {0x8c, op_short_text}, {'X', op_text},          {'(', op_mark},      {'t', op_tuple},
    {')', op_empty_tuple}, {0x85, op_tuple_1},      {0x86, op_tuple_2},  {0x87, op_tuple_3},
    {'a', op_append},      {'e', op_appends},       {'s', op_set_item},  {'u', op_set_items},
    {'b', op_build},       {'q', op_put},           {'r', op_long_put},  {0x94, op_memoize},
    {'h', op_get},         {'j', op_long_get},      {'c', op_global},    {0x93, op_stack_global},
    {'R', op_reduce},      {'Q', op_persistent_id},
};

static int step(Machine *m, unsigned char code, GaclipError *err)
{
    for (size_t i = 0; i < sizeof OPCODES / sizeof *OPCODES; i++)
        if (OPCODES[i].code == code) return OPCODES[i].run(m, err);
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "the pickle holds opcode 0x%02x, which no state dict needs; save the "
                            "state dict alone: torch.save(model.state_dict(), FILE)",
                            code);
}

static int run(uint32_t *root, Machine *m, GaclipError *err)
{
    int status = GACLIP_OK;
    while (!status) {
        if (m->at == m->size) return gaclip__pickle_damaged(err, "it is cut short");
        unsigned char code = m->bytes[m->at++];
        if (code == STOP) {
            status = gaclip__pickle_need(m, 1, err);
            if (!status) *root = gaclip__pickle_pop(m);
            return status;
        }
        status = step(m, code, err);
    }
    return status;
}

int gaclip__pickle_read(GaclipPickle *out, const unsigned char *bytes, size_t size,
                        GaclipError *err)
{
    *out = (GaclipPickle){0};
    if (size > GACLIP__LARGEST_PICKLE)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "the pickle has %zu bytes, more than a state dict needs; save the "
                                "state dict alone: torch.save(model.state_dict(), FILE)",
                                size);
    Machine m = {.bytes = bytes, .size = size};
    uint32_t root = 0;
    int status = run(&root, &m, err);
    if (!status) status = gaclip__pickle_state_dict(out, &m, root, err);
    free(m.nodes);
    free(m.pairs);
    free(m.stack.items);
    free(m.marks.items);
    free(m.memo.items);
    free(m.links.items);
    free(m.storages);
    free(m.storage_order.items);
    free(m.tensors);
    return status;
}

void gaclip__pickle_clear(GaclipPickle *pickle)
{
    free(pickle->tensors);
    free(pickle->storages);
    free(pickle->names);
    *pickle = (GaclipPickle){0};
}
