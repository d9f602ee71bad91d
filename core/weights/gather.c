#include "weights/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "base/vector.h"
#include "model/positions.h"
#include "weights/name_list.h"
#include "weights/name_map.h"

enum { PARTS = 3, TAIL = PARTS, SLOTS };
enum { RESERVE = 512 }; /* of an error's text, for what stands round the names */

/* What a parameter is made of: one tensor, or three parts, and perhaps other last rows. */
typedef struct Recipe {
    GaclipParameter *parameter;
    GaclipSourceTensor *sources[SLOTS];
    int is_transposed, is_parted;
    float *made; /* where the value is made; NULL = used where it lies */
} Recipe;

typedef struct Gather {
    GaclipModel *model;
    GaclipWeights *weights;
    const GaclipGathering *options;
    Recipe *recipes; /* (parameters.count) */
    GaclipNameList missing, extra, misshapen;
    int has_two_paths, is_hugging_face;
} Gather;

static void place_source(Gather *g, GaclipSourceTensor *tensor)
{
    GaclipMappedName mapped;
    gaclip__map_name(&mapped, tensor->name);
    GaclipTextPath unwanted = g->options->long_texts ? GACLIP__TEXT_SHORT : GACLIP__TEXT_LONG;
    if (mapped.use == GACLIP__NAME_IGNORED || (g->has_two_paths && mapped.path == unwanted)) return;
    GaclipParameter *p = gaclip__parameters_find(&g->model->parameters, mapped.name);
    int slot = mapped.use == GACLIP__NAME_KEY     ? 1
               : mapped.use == GACLIP__NAME_VALUE ? 2
               : mapped.use == GACLIP__NAME_TAIL  ? TAIL
                                                  : 0;
    Recipe *recipe = p ? &g->recipes[p - g->model->parameters.entries] : NULL;
    if (!recipe || recipe->sources[slot]) {
        gaclip__name_list_add(&g->extra, tensor->name, NULL);
        return;
    }
    recipe->sources[slot] = tensor;
    if (mapped.use == GACLIP__NAME_TRANSPOSED) recipe->is_transposed = 1;
    if (mapped.use >= GACLIP__NAME_QUERY && mapped.use <= GACLIP__NAME_VALUE) recipe->is_parted = 1;
}

static void see_names(Gather *g)
{
    GaclipMappedName mapped;
    int paths = 0;
    for (size_t i = 0; i < g->weights->count; i++) {
        const char *name = g->weights->tensors[i].name;
        gaclip__map_name(&mapped, name);
        if (strstr(name, "text_model.") || strstr(name, "vision_model.")) g->is_hugging_face = 1;
        paths |= mapped.path == GACLIP__TEXT_SHORT ? 1 : mapped.path == GACLIP__TEXT_LONG ? 2 : 0;
    }
    g->has_two_paths = paths == 3;
}

static int is_text_positions(const GaclipParameter *p)
{
    return !strcmp(p->name, "positional_embedding");
}

/* The rows that a recipe's tensor must have where the file's table is not the model's length. */
static int rows_fit(const Gather *g, const GaclipParameter *p, int64_t rows)
{
    if (!g->options->fit_context || !is_text_positions(p) || rows > 1 << 20) return 0;
    return rows >= p->shape[0] || gaclip__stretched_positions((int)rows) == p->shape[0];
}

/* A single number is a vector of one as well. */
static int shape_fits(const Gather *g, const Recipe *r, const GaclipSourceTensor *t)
{
    const GaclipParameter *p = r->parameter;
    if (p->rank == 0) return t->count == 1 && t->rank <= 1;
    if (t->rank != p->rank) return 0;
    for (int d = 0; d < p->rank; d++) {
        int64_t wanted = p->shape[r->is_transposed ? p->rank - 1 - d : d];
        if (r->is_parted && d == 0) wanted = p->shape[0] % PARTS ? -1 : p->shape[0] / PARTS;
        if (t->shape[d] != wanted && !(d == 0 && rows_fit(g, p, t->shape[0]))) return 0;
    }
    return 1;
}

/* Scales are of the rows of a linear layer's weights, as they are stored. */
static int type_fits(const Recipe *r, const GaclipSourceTensor *t)
{
    if (t->scales) return r->parameter->is_linear && !r->is_transposed;
    return gaclip__tensor_is_floating(t);
}

static void describe_shape(char out[32], int rank, const int64_t *shape)
{
    int used = 0;
    snprintf(out, 32, "%s", rank ? "" : "one number");
    for (int d = 0; d < rank && used < 32; d++)
        used +=
            snprintf(out + used, (size_t)(32 - used), "%s%lld", d ? "x" : "", (long long)shape[d]);
}

static void note_misshapen(Gather *g, const Recipe *r, const GaclipSourceTensor *t)
{
    char has[32], wants[32], fact[80];
    int64_t wanted[GACLIP__PARAMETER_RANK] = {0};
    const GaclipParameter *p = r->parameter;
    for (int d = 0; d < p->rank; d++) wanted[d] = p->shape[r->is_transposed ? p->rank - 1 - d : d];
    if (r->is_parted) wanted[0] /= PARTS;
    describe_shape(has, t->rank, t->shape);
    describe_shape(wants, p->rank, wanted);
    snprintf(fact, sizeof fact, "%s, not %s", has, wants);
    gaclip__name_list_add(&g->misshapen, t->name,
                          type_fits(r, t) ? fact : gaclip__dtype_name(t->dtype));
}

/* In the names of the file. */
static void note_missing(Gather *g, const Recipe *r)
{
    char theirs[GACLIP__NAME_SIZE];
    const char *ours = r->parameter->name;
    int has_parts = 0;
    for (int part = 0; part < PARTS && g->is_hugging_face; part++)
        if (gaclip__hugging_face_name(theirs, ours, GACLIP__NAME_QUERY + (unsigned)part)) {
            has_parts = 1;
            if (!r->sources[part]) gaclip__name_list_add(&g->missing, theirs, NULL);
        }
    if (has_parts) return;
    int is_known =
        g->is_hugging_face && (gaclip__hugging_face_name(theirs, ours, GACLIP__NAME_WHOLE) ||
                               gaclip__hugging_face_name(theirs, ours, GACLIP__NAME_TRANSPOSED));
    gaclip__name_list_add(&g->missing, is_known ? theirs : ours, NULL);
}

static void check_recipe(Gather *g, const Recipe *r)
{
    int wanted = r->is_parted ? PARTS : 1;
    for (int i = 0; i < wanted; i++)
        if (!r->sources[i]) {
            note_missing(g, r);
            break;
        }
    for (int i = 0; i < SLOTS; i++) {
        const GaclipSourceTensor *t = r->sources[i];
        if (t && (!shape_fits(g, r, t) || !type_fits(r, t))) note_misshapen(g, r, t);
    }
    const GaclipSourceTensor *tail = r->sources[TAIL], *whole = r->sources[0];
    if (tail && whole && tail->shape[0] != whole->shape[0]) note_misshapen(g, r, tail);
}

static int report(const Gather *g, GaclipError *err)
{
    const struct {
        const char *title;
        const GaclipNameList *list;
    } parts[] = {{"missing", &g->missing},
                 {"of another shape or type", &g->misshapen},
                 {"extra", &g->extra}};
    char text[sizeof err->message], list[sizeof err->message];
    size_t used = 0, left = 0;
    int wrong =
        g->missing.names || g->misshapen.names || (g->extra.names && !g->options->ignore_extra);
    if (!wrong) return GACLIP_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) left += parts[i].list->names > 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && used < sizeof text; i++) {
        if (parts[i].list->names == 0) continue;
        gaclip__name_list_print(list, (sizeof list - RESERVE - used) / left--, parts[i].list);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu %s: %s", used ? "; " : "",
                                 parts[i].list->names, parts[i].title, list);
    }
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                            "its tensors are not those of the configuration: %s%s", text,
                            g->missing.names || g->misshapen.names
                                ? ""
                                : " (gaclip-model convert --ignore-extra leaves these out)");
}

static int plan(Gather *g, GaclipError *err)
{
    GaclipParameters *table = &g->model->parameters;
    g->recipes = calloc((size_t)table->count, sizeof *g->recipes);
    if (!g->recipes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < table->count; i++) g->recipes[i].parameter = &table->entries[i];
    see_names(g);
    for (size_t i = 0; i < g->weights->count; i++) place_source(g, &g->weights->tensors[i]);
    for (int i = 0; i < table->count; i++) check_recipe(g, &g->recipes[i]);
    return report(g, err);
}

static int load_storages(Gather *g, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < g->model->parameters.count && !status; i++)
        for (int s = 0; s < SLOTS && !status; s++)
            if (g->recipes[i].sources[s])
                status = gaclip__weights_load(g->weights, g->recipes[i].sources[s], err);
    return status;
}

static int is_usable_in_place(const Recipe *r)
{
    const GaclipSourceTensor *t = r->sources[0];
    return !r->is_parted && !r->is_transposed && !r->sources[TAIL] &&
           t->dtype == GACLIP_DTYPE_F32 && t->count >= r->parameter->count &&
           gaclip__tensor_is_row_major(t) && (uintptr_t)t->data % sizeof(float) == 0;
}

/* Values are used where they lie; what has to be made gets a block of its own, or the parameters'
 * arena when that is most of the model (f16 and bf16 files), so that training need not copy it. */
static int place_values(Gather *g, GaclipError *err)
{
    GaclipParameters *table = &g->model->parameters;
    size_t floats = 0, offset = 0;
    for (int i = 0; i < table->count; i++)
        if (!is_usable_in_place(&g->recipes[i]))
            floats += (g->recipes[i].parameter->count + 15) / 16 * 16;
    int owned = floats > table->floats / 2;
    if (owned) {
        int status = gaclip__parameters_own(table, err);
        if (status) return status;
    } else if (floats) {
        g->model->made = aligned_alloc(64, floats * sizeof *g->model->made);
        if (!g->model->made) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    for (int i = 0; i < table->count; i++) {
        Recipe *r = &g->recipes[i];
        if (owned) {
            r->made = table->values + r->parameter->offset;
        } else if (is_usable_in_place(r)) {
            r->parameter->value = (const float *)(const void *)r->sources[0]->data;
        } else {
            r->made = g->model->made + offset;
            offset += (r->parameter->count + 15) / 16 * 16;
        }
        if (r->made) r->parameter->value = r->made;
    }
    return GACLIP_OK;
}

static GaclipSourceTensor transposed(const GaclipSourceTensor *t)
{
    GaclipSourceTensor view = *t;
    for (int d = 0; d < t->rank; d++) {
        view.shape[d] = t->shape[t->rank - 1 - d];
        view.stride[d] = t->stride[t->rank - 1 - d];
    }
    return view;
}

/* The first rows of a table, or all but the first ones. */
static GaclipSourceTensor rows_of(const GaclipSourceTensor *t, int64_t first, int64_t end)
{
    GaclipSourceTensor view = *t;
    view.data += (size_t)(first * t->stride[0]) * gaclip__dtype_size(t->dtype);
    view.count = t->count / (size_t)t->shape[0] * (size_t)(end - first);
    view.shape[0] = end - first;
    return view;
}

/* rows of the file's table, the tail's from GACLIP__KEPT_POSITIONS on. */
static void copy_table(float *out, const Recipe *r, int64_t rows)
{
    const GaclipSourceTensor *whole = r->sources[0], *tail = r->sources[TAIL];
    GaclipSourceTensor view = rows_of(whole, 0, rows);
    gaclip__tensor_copy(out, &view);
    if (!tail || rows <= GACLIP__KEPT_POSITIONS) return;
    view = rows_of(tail, GACLIP__KEPT_POSITIONS, rows);
    gaclip__tensor_copy(out + GACLIP__KEPT_POSITIONS * whole->shape[1], &view);
}

static int make_positions(const Recipe *r)
{
    const GaclipParameter *p = r->parameter;
    const GaclipSourceTensor *t = r->sources[0];
    if (t->shape[0] >= p->shape[0]) {
        copy_table(r->made, r, p->shape[0]);
        return GACLIP_OK;
    }
    float *table = malloc(t->count * sizeof *table);
    if (!table) return GACLIP_ERROR_MEMORY;
    copy_table(table, r, t->shape[0]);
    gaclip__stretch_positions(r->made, table, (int)t->shape[0], p->shape[1]);
    free(table);
    return GACLIP_OK;
}

static int make_value(const Recipe *r)
{
    const GaclipParameter *p = r->parameter;
    if (is_text_positions(p)) return make_positions(r);
    if (r->is_transposed) {
        GaclipSourceTensor view = transposed(r->sources[0]);
        gaclip__tensor_copy(r->made, &view);
        return GACLIP_OK;
    }
    int parts = r->is_parted ? PARTS : 1;
    for (int i = 0; i < parts; i++)
        gaclip__tensor_copy(r->made + (size_t)i * (p->count / PARTS), r->sources[i]);
    return GACLIP_OK;
}

/* A value of all exponent bits is infinite or no number; looked at as integers, many at a time. */
GACLIP__CLONES static int is_finite(const float *values, size_t count)
{
    uint32_t found = 0;
    GACLIP__PRAGMA(omp simd reduction(| : found))
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        found |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return !found;
}

typedef struct Making {
    Gather *gather;
    int *statuses; /* (parameters.count) */
} Making;

static void make_one(int index, int worker, void *payload)
{
    (void)worker;
    Making *making = payload;
    const Recipe *r = &making->gather->recipes[index];
    int status = r->made ? make_value(r) : GACLIP_OK;
    if (!status && !is_finite(r->parameter->value, r->parameter->count))
        status = GACLIP_ERROR_FORMAT;
    making->statuses[index] = status;
}

static int make_values(Gather *g, GaclipError *err)
{
    int count = g->model->parameters.count, status = GACLIP_OK;
    Making making = {g, calloc((size_t)count, sizeof *making.statuses)};
    if (!making.statuses) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    gaclip__threads_run(g->model->compute->pool, count, make_one, &making);
    for (int i = 0; i < count && !status; i++)
        if (making.statuses[i] == GACLIP_ERROR_FORMAT)
            status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                      "tensor \"%s\" holds a value that is not finite",
                                      g->recipes[i].parameter->name);
        else if (making.statuses[i])
            status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    free(making.statuses);
    return status;
}

int gaclip__gather(GaclipModel *model, GaclipWeights *weights, const GaclipGathering *gathering,
                   GaclipError *err)
{
    Gather g = {.model = model, .weights = weights, .options = gathering};
    int status = plan(&g, err);
    if (!status) status = load_storages(&g, err);
    if (!status) status = place_values(&g, err);
    if (!status) status = make_values(&g, err);
    if (!status) {
        if (model->parameters.values) gaclip__weights_unload(weights); /* all were copied */
        model->weights = weights;
    }
    free(g.recipes);
    gaclip__name_list_clear(&g.missing);
    gaclip__name_list_clear(&g.extra);
    gaclip__name_list_clear(&g.misshapen);
    return status;
}
