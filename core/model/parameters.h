/* The table of a model's weights: one name, shape and place each. */
#ifndef GACLIP_MODEL_PARAMETERS_H
#define GACLIP_MODEL_PARAMETERS_H

#include <stddef.h>

#include "base/compute.h"
#include "gaclip/error.h"
#include "math/linear.h"

enum { GACLIP__PARAMETER_RANK = 4, GACLIP__NAME_SIZE = 96 };

typedef struct GaclipParameter {
    char name[GACLIP__NAME_SIZE]; /* as OpenAI's and open_clip's state dicts spell it */
    int rank, shape[GACLIP__PARAMETER_RANK];
    size_t count, offset; /* in floats, of the arenas below */
    const float *value;   /* in the file's mapping or in values */
    float *gradient;      /* in gradients; NULL unless training */
    int is_linear;        /* weights of a block's linear layer, which int8 quantises */
} GaclipParameter;

/* Values that may be changed, and gradients, lie in one arena each, so that the optimiser is one
 * loop. A model that is only read from a mapped f32 file has neither. */
typedef struct GaclipParameters {
    GaclipParameter *entries;
    int count, capacity;
    size_t floats;              /* of either arena */
    float *values;              /* (floats) or NULL */
    float *gradients;           /* (floats) or NULL */
    uint16_t *halves;           /* (floats) matrices rounded to bf16 for products, or NULL */
    int halves_are_partial;     /* those that are quantised have none */
    GaclipQuantised *quantised; /* (count) of those that is_linear says, or NULL */
    /* Of the values; which of them halves and quantised weights come from. */
    unsigned long version, halves_version, quantised_version;
} GaclipParameters;

/* Where a parameter's floats lie, and their gradient's. */
static inline const float *gaclip__value(const GaclipParameters *table, int index)
{
    return table->entries[index].value;
}

static inline float *gaclip__gradient(const GaclipParameters *table, int index)
{
    return table->entries[index].gradient;
}

/* Appends a parameter of rank 0 to 4 (unused dimensions 0) and stores its index, or -1 when
 * memory or the name's room is short. Indices, not pointers: the table may move while it grows. */
int gaclip__parameters_add(GaclipParameters *table, const char *name, int rank, int d0, int d1,
                           int d2, int d3);
GaclipParameter *gaclip__parameters_find(const GaclipParameters *table, const char *name);

/* Gives every parameter a place in values (copying what value pointed to, or zeros). */
int gaclip__parameters_own(GaclipParameters *table, GaclipError *err);
/* Gives every parameter a zeroed gradient; frees them all again. */
int gaclip__parameters_start_gradients(GaclipParameters *table, GaclipError *err);
void gaclip__parameters_zero_gradients(GaclipParameters *table);
void gaclip__parameters_stop_gradients(GaclipParameters *table);
/* Whoever changes values says so: the next pass then rounds them anew. */
void gaclip__parameters_changed(GaclipParameters *table);
/* Memory for the rounded matrices, where the context's precision is bf16, and for the quantised
 * ones, where it is int8. */
int gaclip__parameters_reserve_rounded(GaclipParameters *table, GaclipCompute *compute,
                                       GaclipError *err);
/* Rounds and quantises the matrices if they have changed since, as the context's precision says. */
void gaclip__parameters_round(GaclipParameters *table, const GaclipCompute *compute);
/* A matrix in 8 bits; NULL where the context's precision or the layer has none. */
const GaclipQuantised *gaclip__parameters_quantised(const GaclipParameters *table,
                                                    const GaclipCompute *compute, int index);
/* A matrix as products read it: rounded where the context's precision is bf16, unless it is
 * quantised. */
GaclipOperand gaclip__parameters_operand(const GaclipParameters *table,
                                         const GaclipCompute *compute, int index);

void gaclip__parameters_free(GaclipParameters *table);

#endif
