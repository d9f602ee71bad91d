#include "plain_pickle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Lists and dicts that are not put into another one yet: Python's pickler leaves a thousand. */
enum { MOST_CONTAINERS = 4096 };

/* What the machine's stack holds. A text that was remembered can be fetched again; other values
 * cannot, for JSON shares nothing. */
typedef struct Machine {
    const unsigned char *at, *start, *end;
    const char *path;
    cJSON **stack; /* (count, room) NULL: a mark */
    size_t count, room;
    char **memo; /* (memo_count) remembered texts, lent; NULL: something else */
    size_t memo_count;
    cJSON *keys;       /* texts that became keys, which the memo lends */
    size_t containers; /* on the stack */
    size_t budget;     /* bytes that fetched texts may still take */
    GaclipError *err;
} Machine;

static int damaged(const Machine *m, const char *fact)
{
    return gaclip_error_set(m->err, GACLIP_ERROR_FORMAT, "%s: is a damaged pickle: %s", m->path,
                            fact);
}

static int short_of_memory(const Machine *m)
{
    return gaclip_error_set(m->err, GACLIP_ERROR_MEMORY, "out of memory");
}

/* Takes value over in any case. mark: value is NULL on purpose. */
static int push(Machine *m, cJSON *value, int is_mark)
{
    if (!value && !is_mark) return short_of_memory(m);
    if (m->count == m->room) {
        size_t room = m->room ? 2 * m->room : 64;
        cJSON **stack = realloc(m->stack, room * sizeof *stack);
        if (!stack) {
            cJSON_Delete(value);
            return short_of_memory(m);
        }
        m->stack = stack;
        m->room = room;
    }
    m->stack[m->count++] = value;
    return GACLIP_OK;
}

/* The place of the topmost mark, or SIZE_MAX. */
static size_t find_mark(const Machine *m)
{
    for (size_t i = m->count; i > 0; i--)
        if (!m->stack[i - 1]) return i - 1;
    return SIZE_MAX;
}

static int has_bytes(const Machine *m, size_t count)
{
    return (size_t)(m->end - m->at) >= count;
}

/* A little-endian number of so many bytes. */
static int take_number(uint64_t *out, Machine *m, size_t bytes)
{
    *out = 0;
    if (!has_bytes(m, bytes)) return damaged(m, "it ends early");
    for (size_t i = 0; i < bytes; i++) *out |= (uint64_t)*m->at++ << (8 * i);
    return GACLIP_OK;
}

/* A text whose length is stated in so many bytes. */
static int push_text(Machine *m, size_t length_bytes)
{
    uint64_t length;
    int status = take_number(&length, m, length_bytes);
    if (status) return status;
    if (!has_bytes(m, length) || length > SIZE_MAX / 2) return damaged(m, "a text ends early");
    char *text = malloc((size_t)length + 1);
    if (!text) return short_of_memory(m);
    memcpy(text, m->at, (size_t)length);
    text[length] = '\0';
    m->at += length;
    cJSON *value = cJSON_CreateString(text);
    free(text);
    return push(m, value, 0);
}

/* Two's complement of so many bytes. */
static int push_whole(Machine *m, size_t bytes, int is_signed)
{
    uint64_t value;
    if (bytes > 8) return damaged(m, "a number is too large");
    int status = take_number(&value, m, bytes);
    if (status) return status;
    int64_t whole = (int64_t)value;
    if (is_signed && bytes && bytes < 8 && value >> (8 * bytes - 1))
        whole = (int64_t)value - ((int64_t)1 << (8 * bytes));
    return push(m, cJSON_CreateNumber((double)whole), 0);
}

static int push_long(Machine *m)
{
    uint64_t bytes;
    int status = take_number(&bytes, m, 1);
    return status ? status : push_whole(m, (size_t)bytes, 1);
}

static int push_double(Machine *m)
{
    uint64_t bits = 0;
    double value;
    if (!has_bytes(m, 8)) return damaged(m, "it ends early");
    for (int i = 0; i < 8; i++) bits = bits << 8 | *m->at++; /* big-endian */
    memcpy(&value, &bits, sizeof value);
    return push(m, cJSON_CreateNumber(value), 0);
}

static int put(Machine *m, uint64_t place)
{
    if (!m->count || !m->stack[m->count - 1]) return damaged(m, "nothing is there to remember");
    if (place > (uint64_t)(m->end - m->start)) /* places count up, one an instruction at most */
        return damaged(m, "a place of the memory is out of range");
    if (place >= m->memo_count) {
        size_t count = 2 * (size_t)place + 16;
        char **memo = realloc(m->memo, count * sizeof *memo);
        if (!memo) return short_of_memory(m);
        memset(memo + m->memo_count, 0, (count - m->memo_count) * sizeof *memo);
        m->memo = memo;
        m->memo_count = count;
    }
    m->memo[place] = cJSON_GetStringValue(m->stack[m->count - 1]);
    return GACLIP_OK;
}

static int get(Machine *m, size_t bytes)
{
    uint64_t place;
    int status = take_number(&place, m, bytes);
    if (status) return status;
    if (place >= m->memo_count || !m->memo[place])
        return gaclip_error_set(m->err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: a list or dict is there twice; gaclip reads plain data alone",
                                m->path);
    size_t length = strlen(m->memo[place]) + 1;
    if (length > m->budget) return damaged(m, "its texts grow beyond measure");
    m->budget -= length;
    return push(m, cJSON_CreateString(m->memo[place]), 0);
}

static int push_container(Machine *m, cJSON *container)
{
    int status = push(m, container, 0);
    if (status) return status;
    return ++m->containers <= MOST_CONTAINERS ? GACLIP_OK : damaged(m, "it is nested too deep");
}

/* A value leaves the stack for a container. */
static void leave(Machine *m, size_t i)
{
    m->containers -= cJSON_IsArray(m->stack[i]) || cJSON_IsObject(m->stack[i]);
    m->stack[i] = NULL;
}

/* Moves what lies from place on into the container below. */
static int append(Machine *m, size_t place)
{
    cJSON *list = place > 0 ? m->stack[place - 1] : NULL;
    if (!cJSON_IsArray(list)) return damaged(m, "it appends to what is no list");
    for (size_t i = place; i < m->count; i++) {
        if (!m->stack[i]) return damaged(m, "a mark is in a list");
        cJSON_AddItemToArray(list, m->stack[i]);
        leave(m, i);
    }
    m->count = place;
    return GACLIP_OK;
}

static int set_items(Machine *m, size_t place)
{
    cJSON *dict = place > 0 ? m->stack[place - 1] : NULL;
    if (!cJSON_IsObject(dict) || (m->count - place) % 2)
        return damaged(m, "it sets items of what is no dict");
    for (size_t i = place; i < m->count; i += 2) {
        const char *key = cJSON_GetStringValue(m->stack[i]);
        cJSON *value = m->stack[i + 1];
        if (!key || !value)
            return gaclip_error_set(m->err, GACLIP_ERROR_UNSUPPORTED,
                                    "%s: a dict has keys that are no texts", m->path);
        if (!cJSON_AddItemToObject(dict, key, value)) return short_of_memory(m);
        leave(m, i + 1);
        cJSON_AddItemToArray(m->keys, m->stack[i]);
        m->stack[i] = NULL;
    }
    m->count = place;
    return GACLIP_OK;
}

/* What lies above the topmost mark goes where put_in puts it, and the mark with it. */
static int close_mark(Machine *m, int (*put_in)(Machine *m, size_t place))
{
    size_t mark = find_mark(m);
    if (mark == SIZE_MAX || mark == 0) return damaged(m, "a mark is missing");
    memmove(m->stack + mark, m->stack + mark + 1, (m->count - mark - 1) * sizeof *m->stack);
    m->count--;
    return put_in(m, mark);
}

static int skip(Machine *m, size_t bytes)
{
    if (!has_bytes(m, bytes)) return damaged(m, "it ends early");
    m->at += bytes;
    return GACLIP_OK;
}

static int put_at(Machine *m, size_t bytes)
{
    uint64_t place;
    int status = take_number(&place, m, bytes);
    return status ? status : put(m, place);
}

/* The opcodes' names are those of pickletools. */
static int run(Machine *m, unsigned char opcode, uint64_t *memoized)
{
    switch (opcode) {
    case 0x80: /* PROTO */
        return skip(m, 1);
    case 0x95: /* FRAME */
        return skip(m, 8);
    case '(': /* MARK */
        return push(m, NULL, 1);
    case ']': /* EMPTY_LIST */
        return push_container(m, cJSON_CreateArray());
    case '}': /* EMPTY_DICT */
        return push_container(m, cJSON_CreateObject());
    case 'a': /* APPEND */
        return m->count ? append(m, m->count - 1) : damaged(m, "nothing is there to append");
    case 'e': /* APPENDS */
        return close_mark(m, append);
    case 's': /* SETITEM */
        return m->count > 2 ? set_items(m, m->count - 2) : damaged(m, "nothing is there to set");
    case 'u': /* SETITEMS */
        return close_mark(m, set_items);
    case 'X': /* BINUNICODE */
    case 'T': /* BINSTRING */
        return push_text(m, 4);
    case 0x8c: /* SHORT_BINUNICODE */
    case 'U':  /* SHORT_BINSTRING */
        return push_text(m, 1);
    case 'J': /* BININT */
        return push_whole(m, 4, 1);
    case 'K': /* BININT1 */
        return push_whole(m, 1, 0);
    case 'M': /* BININT2 */
        return push_whole(m, 2, 0);
    case 0x8a: /* LONG1 */
        return push_long(m);
    case 'G': /* BINFLOAT */
        return push_double(m);
    case 'N': /* NONE */
        return push(m, cJSON_CreateNull(), 0);
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
        return push(m, cJSON_CreateBool(opcode == 0x88), 0);
    case 0x94: /* MEMOIZE */
        return put(m, (*memoized)++);
    case 'q': /* BINPUT */
        return put_at(m, 1);
    case 'r': /* LONG_BINPUT */
        return put_at(m, 4);
    case 'h': /* BINGET */
        return get(m, 1);
    case 'j': /* LONG_BINGET */
        return get(m, 4);
    default:
        return gaclip_error_set(m->err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: is a pickle of more than plain data (opcode 0x%02x); load "
                                "and save it in Python as lists and dicts, protocol 2",
                                m->path, opcode);
    }
}

int gaclip__plain_pickle(cJSON **out, const unsigned char *bytes, size_t size, const char *path,
                         GaclipError *err)
{
    Machine m = {.at = bytes, .start = bytes, .end = bytes + size, .path = path, .err = err};
    uint64_t memoized = 0;
    int status = GACLIP_OK;
    *out = NULL;
    m.budget = 16 * size + 65536;
    m.keys = cJSON_CreateArray();
    if (!m.keys) status = short_of_memory(&m);
    while (!status && m.at < m.end && *m.at != '.') status = run(&m, *m.at++, &memoized);
    if (!status && m.at == m.end) status = damaged(&m, "it ends early");
    if (!status && (m.count != 1 || !m.stack[0])) status = damaged(&m, "it holds no one value");
    if (!status) {
        *out = m.stack[0];
        m.count = 0;
    }
    for (size_t i = 0; i < m.count; i++) cJSON_Delete(m.stack[i]);
    cJSON_Delete(m.keys);
    free(m.stack);
    free(m.memo);
    return status;
}
