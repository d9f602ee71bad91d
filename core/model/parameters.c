#include "model/parameters.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "math/quantised.h"

enum { HUGE_PAGE = 1 << 21 };

static GaclipParameter *grow(GaclipParameters *table)
{
    if (table->count == table->capacity) {
        int capacity = table->capacity ? 2 * table->capacity : 64;
        GaclipParameter *entries =
            realloc(table->entries, (size_t)capacity * sizeof *table->entries);
        if (!entries) return NULL;
        table->entries = entries;
        table->capacity = capacity;
    }
    return &table->entries[table->count];
}

int gaclip__parameters_add(GaclipParameters *table, const char *name, int rank, int d0, int d1,
                           int d2, int d3)
{
    GaclipParameter *entry = grow(table);
    if (!entry) return -1;
    *entry = (GaclipParameter){.rank = rank, .shape = {d0, d1, d2, d3}, .count = 1};
    if (snprintf(entry->name, sizeof entry->name, "%s", name) >= (int)sizeof entry->name) return -1;
    for (int i = 0; i < rank; i++) entry->count *= (size_t)entry->shape[i];
    entry->offset = table->floats;
    table->floats += (entry->count + 15) / 16 * 16;
    return table->count++;
}

GaclipParameter *gaclip__parameters_find(const GaclipParameters *table, const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (!strcmp(table->entries[i].name, name)) return &table->entries[i];
    return NULL;
}

static float *zeroed_arena(size_t floats, GaclipError *err)
{
    float *arena = NULL;
    if (floats <= SIZE_MAX / 8) {
        size_t bytes = (floats * sizeof *arena + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        arena = aligned_alloc(HUGE_PAGE, bytes);
        /* A wish: thousands of small pages take longer to come than the values to be read. */
        if (arena) (void)madvise(arena, bytes, MADV_HUGEPAGE);
    }
    if (!arena) {
        gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory (%zu MiB of weights)",
                         floats >> 18);
        return NULL;
    }
    memset(arena, 0, floats * sizeof *arena);
    return arena;
}

int gaclip__parameters_own(GaclipParameters *table, GaclipError *err)
{
    if (table->values) return GACLIP_OK;
    table->values = zeroed_arena(table->floats, err);
    if (!table->values) return GACLIP_ERROR_MEMORY;
    for (int i = 0; i < table->count; i++) {
        GaclipParameter *entry = &table->entries[i];
        float *place = table->values + entry->offset;
        if (entry->value) memcpy(place, entry->value, entry->count * sizeof *place);
        entry->value = place;
    }
    return GACLIP_OK;
}

int gaclip__parameters_start_gradients(GaclipParameters *table, GaclipError *err)
{
    if (!table->gradients) table->gradients = zeroed_arena(table->floats, err);
    if (!table->gradients) return GACLIP_ERROR_MEMORY;
    for (int i = 0; i < table->count; i++)
        table->entries[i].gradient = table->gradients + table->entries[i].offset;
    return GACLIP_OK;
}

void gaclip__parameters_zero_gradients(GaclipParameters *table)
{
    memset(table->gradients, 0, table->floats * sizeof *table->gradients);
}

void gaclip__parameters_stop_gradients(GaclipParameters *table)
{
    free(table->gradients);
    table->gradients = NULL;
    for (int i = 0; i < table->count; i++) table->entries[i].gradient = NULL;
}

void gaclip__parameters_changed(GaclipParameters *table)
{
    table->version++;
}

static int reserve_halves(GaclipParameters *table, GaclipError *err)
{
    if (table->halves) return GACLIP_OK;
    table->halves =
        table->floats > SIZE_MAX / 4 ? NULL : aligned_alloc(64, (table->floats * 2 + 63) / 64 * 64);
    if (!table->halves)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory (%zu MiB of bf16 weights)",
                                table->floats >> 19);
    table->halves_version = table->version - 1;
    return GACLIP_OK;
}

static void free_quantised(GaclipParameters *table)
{
    for (int i = 0; table->quantised && i < table->count; i++)
        gaclip__quantised_clear(&table->quantised[i]);
    free(table->quantised);
    table->quantised = NULL;
}

static int reserve_quantised(GaclipParameters *table, GaclipCompute *compute, GaclipError *err)
{
    if (table->quantised) return GACLIP_OK;
    table->quantised = calloc((size_t)table->count, sizeof *table->quantised);
    int status =
        table->quantised ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < table->count && !status; i++) {
        const GaclipParameter *p = &table->entries[i];
        if (p->is_linear)
            status = gaclip__quantised_init(&table->quantised[i], compute, p->shape[0], p->shape[1],
                                            err);
    }
    if (status) free_quantised(table);
    table->quantised_version = table->version - 1;
    return status;
}

int gaclip__parameters_reserve_rounded(GaclipParameters *table, GaclipCompute *compute,
                                       GaclipError *err)
{
    int status =
        compute->precision == GACLIP_PRECISION_BF16 ? reserve_halves(table, err) : GACLIP_OK;
    return status || !compute->is_int8 ? status : reserve_quantised(table, compute, err);
}

static int is_quantised(const GaclipParameters *table, const GaclipCompute *compute, int index)
{
    return compute->is_int8 && table->entries[index].is_linear;
}

static void round_halves(GaclipParameters *table, const GaclipCompute *compute)
{
    int is_partial = 0;
    for (int i = 0; i < table->count; i++) {
        const GaclipParameter *p = &table->entries[i];
        if (is_quantised(table, compute, i))
            is_partial = 1;
        else if (p->rank >= 2)
            gaclip__operand_fill(compute, (GaclipOperand){NULL, table->halves + p->offset},
                                 p->value, p->count);
    }
    table->halves_are_partial = is_partial;
    table->halves_version = table->version;
}

static void quantise_one(int index, int worker, void *payload)
{
    GaclipParameters *table = payload;
    (void)worker;
    if (table->entries[index].is_linear)
        gaclip__quantised_set(&table->quantised[index], table->entries[index].value);
}

void gaclip__parameters_round(GaclipParameters *table, const GaclipCompute *compute)
{
    if (compute->precision == GACLIP_PRECISION_BF16 &&
        (table->halves_version != table->version ||
         (table->halves_are_partial && !compute->is_int8)))
        round_halves(table, compute);
    if (compute->is_int8 && table->quantised_version != table->version) {
        gaclip__threads_run(compute->pool, table->count, quantise_one, table);
        table->quantised_version = table->version;
    }
}

const GaclipQuantised *gaclip__parameters_quantised(const GaclipParameters *table,
                                                    const GaclipCompute *compute, int index)
{
    return is_quantised(table, compute, index) ? &table->quantised[index] : NULL;
}

GaclipOperand gaclip__parameters_operand(const GaclipParameters *table,
                                         const GaclipCompute *compute, int index)
{
    const GaclipParameter *p = &table->entries[index];
    if (compute->precision != GACLIP_PRECISION_BF16 || is_quantised(table, compute, index))
        return gaclip__floats(p->value);
    return (GaclipOperand){NULL, table->halves + p->offset};
}

void gaclip__parameters_free(GaclipParameters *table)
{
    free_quantised(table);
    free(table->halves);
    free(table->entries);
    free(table->values);
    free(table->gradients);
    *table = (GaclipParameters){0};
}
