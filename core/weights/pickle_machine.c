/* The pickle interpreter's memory: the stack, the values, the bytes still to be read. */
#include "weights/pickle_machine.h"

#include <stdlib.h>
#include <string.h>

/* Twenty values a tensor are usual, and a thousand tensors many. */
enum { MOST_VALUES = 1 << 20, TALLEST_STACK = 1 << 16 };

typedef GaclipPickleMachine Machine;
typedef GaclipPickleNode Node;

int gaclip__pickle_damaged(GaclipError *err, const char *fact)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "the pickle is damaged: %s", fact);
}

static int no_memory(GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

int gaclip__pickle_grow(void *items, size_t *capacity, size_t count, size_t item_size)
{
    if (count < *capacity) return 1;
    size_t larger = *capacity ? 2 * *capacity : 64;
    void *moved, *old;
    memcpy(&old, items, sizeof old);
    moved = realloc(old, larger * item_size);
    if (!moved) return 0;
    memcpy(items, &moved, sizeof moved);
    *capacity = larger;
    return 1;
}

int gaclip__pickle_add_index(GaclipPickleIndices *list, uint32_t index, GaclipError *err)
{
    if (!gaclip__pickle_grow(&list->items, &list->capacity, list->count, sizeof *list->items))
        return no_memory(err);
    list->items[list->count++] = index;
    return GACLIP_OK;
}

int gaclip__pickle_push_index(Machine *m, uint32_t index, GaclipError *err)
{
    if (m->stack.count == TALLEST_STACK)
        return gaclip__pickle_damaged(err, "its stack grows without end");
    return gaclip__pickle_add_index(&m->stack, index, err);
}

int gaclip__pickle_push(Machine *m, Node node, GaclipError *err)
{
    if (m->node_count == MOST_VALUES)
        return gaclip__pickle_damaged(err, "it has too many values for a state dict");
    if (!gaclip__pickle_grow(&m->nodes, &m->node_capacity, m->node_count, sizeof *m->nodes))
        return no_memory(err);
    m->nodes[m->node_count] = node;
    return gaclip__pickle_push_index(m, (uint32_t)m->node_count++, err);
}

/* The stack above the newest mark is what opcodes may take from. */
static size_t available(const Machine *m)
{
    size_t floor = m->marks.count ? m->marks.items[m->marks.count - 1] : 0;
    return m->stack.count - floor;
}

int gaclip__pickle_need(const Machine *m, size_t count, GaclipError *err)
{
    return available(m) >= count ? GACLIP_OK
                                 : gaclip__pickle_damaged(err, "it takes more than it put down");
}

uint32_t gaclip__pickle_pop(Machine *m)
{
    return m->stack.items[--m->stack.count];
}

Node *gaclip__pickle_top(const Machine *m)
{
    return &m->nodes[m->stack.items[m->stack.count - 1]];
}

/* The next count bytes (little-endian, at most 8) as a number. */
int gaclip__pickle_read_number(uint64_t *out, Machine *m, size_t count, GaclipError *err)
{
    if (m->size - m->at < count) return gaclip__pickle_damaged(err, "it is cut short");
    *out = 0;
    for (size_t i = 0; i < count; i++) *out |= (uint64_t)m->bytes[m->at + i] << (8 * i);
    m->at += count;
    return GACLIP_OK;
}

int gaclip__pickle_skip(Machine *m, size_t count, GaclipError *err)
{
    if (m->size - m->at < count) return gaclip__pickle_damaged(err, "it is cut short");
    m->at += count;
    return GACLIP_OK;
}
