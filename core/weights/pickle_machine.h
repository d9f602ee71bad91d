/* Inside the pickle interpreter: its values, and what the opcodes and the globals share. */
#ifndef GACLIP_WEIGHTS_PICKLE_MACHINE_H
#define GACLIP_WEIGHTS_PICKLE_MACHINE_H

#include "weights/pickle.h"

enum { GACLIP__MOST_TORCH_TENSORS = 1 << 16 };

typedef enum GaclipPickleKind {
    GACLIP__PICKLE_OTHER, /* None, truth values, floating numbers, lists: nobody asks for them */
    GACLIP__PICKLE_INTEGER,
    GACLIP__PICKLE_TEXT,
    GACLIP__PICKLE_TUPLE,
    GACLIP__PICKLE_LIST,
    GACLIP__PICKLE_DICT,
    GACLIP__PICKLE_GLOBAL,
    GACLIP__PICKLE_STORAGE,
    GACLIP__PICKLE_TENSOR
} GaclipPickleKind;

/* A value. first and count: a text's bytes in the pickle, a tuple's items in links, a dict's newest
 * pair and number of pairs; first alone: the index of a global, storage or tensor. */
typedef struct GaclipPickleNode {
    GaclipPickleKind kind;
    uint32_t first, count;
    int64_t integer;
} GaclipPickleNode;

/* A dict's entries are chained, newest first; previous is an index + 1. */
typedef struct GaclipPicklePair {
    uint32_t key, value, previous;
} GaclipPicklePair;

typedef struct GaclipPickleIndices {
    uint32_t *items;
    size_t count, capacity;
} GaclipPickleIndices;

typedef struct GaclipPickleMachine {
    const unsigned char *bytes;
    size_t size, at;
    GaclipPickleNode *nodes; /* every value, referred to by its index */
    size_t node_count, node_capacity;
    GaclipPicklePair *pairs;
    size_t pair_count, pair_capacity;
    GaclipPickleIndices stack, marks, memo, links; /* memo: index + 1, 0 = not set */
    GaclipTorchStorage *storages;
    size_t storage_count, storage_capacity;
    GaclipPickleIndices storage_order; /* of the storages, by key */
    GaclipTorchTensor *tensors;
    size_t tensor_count, tensor_capacity;
} GaclipPickleMachine;

/* Makes room for one more item of the given size; 0 when memory is short. */
int gaclip__pickle_grow(void *items, size_t *capacity, size_t count, size_t item_size);

/* Appends an index. */
int gaclip__pickle_add_index(GaclipPickleIndices *list, uint32_t index, GaclipError *err);

/* Whether length bytes are this text. */
int gaclip__pickle_is_text(const char *text, size_t length, const char *expected);

int gaclip__pickle_damaged(GaclipError *err, const char *fact);

/* Pushes a new value, or one that there is already. */
int gaclip__pickle_push(GaclipPickleMachine *m, GaclipPickleNode node, GaclipError *err);
int gaclip__pickle_push_index(GaclipPickleMachine *m, uint32_t index, GaclipError *err);
/* Refuses an opcode that would take more than lies above the newest mark. */
int gaclip__pickle_need(const GaclipPickleMachine *m, size_t count, GaclipError *err);
/* After need: takes the topmost value's index; lends the topmost value. */
uint32_t gaclip__pickle_pop(GaclipPickleMachine *m);
GaclipPickleNode *gaclip__pickle_top(const GaclipPickleMachine *m);

/* The next count bytes (little-endian, at most 8) as a number; over the next count bytes. */
int gaclip__pickle_read_number(uint64_t *out, GaclipPickleMachine *m, size_t count,
                               GaclipError *err);
int gaclip__pickle_skip(GaclipPickleMachine *m, size_t count, GaclipError *err);

/* Pushes a global of this name; GACLIP_ERROR_UNSUPPORTED unless it is one that is allowed. */
int gaclip__pickle_global(GaclipPickleMachine *m, const char *module, size_t module_length,
                          const char *name, size_t name_length, GaclipError *err);
/* Pushes what calling the global with the tuple gives. */
int gaclip__pickle_call(GaclipPickleMachine *m, const GaclipPickleNode *global, uint32_t arguments,
                        GaclipError *err);
/* Pushes the storage that a persistent id (a tuple) names. */
int gaclip__pickle_storage(GaclipPickleMachine *m, uint32_t id, GaclipError *err);
/* Hands the tensors of the state dict in the saved object over to out. */
int gaclip__pickle_state_dict(GaclipPickle *out, const GaclipPickleMachine *m, uint32_t root,
                              GaclipError *err);

#endif
