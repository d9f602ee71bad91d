#include "tile_store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "box_index.h"

int gaclip__store_init(GaclipTileStore *store, const GaclipTilePlan *plan, double floor,
                       GaclipError *err)
{
    *store =
        (GaclipTileStore){.plan = *plan, .tile_count = gaclip__tile_count(plan), .floor = floor};
    store->tiles = calloc((size_t)store->tile_count, sizeof *store->tiles);
    return store->tiles ? GACLIP_OK
                        : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for %d tiles",
                                           store->tile_count);
}

void gaclip__store_clear(GaclipTileStore *store)
{
    for (int i = 0; store->tiles && i < store->tile_count; i++) free(store->tiles[i].items);
    free(store->tiles);
    *store = (GaclipTileStore){0};
}

void gaclip__store_put(GaclipTileStore *store, int tile, GaclipTileBoxes *boxes)
{
    GaclipStoredTile *stored = &store->tiles[tile];
    if (stored->is_known) return;
    *stored = (GaclipStoredTile){boxes->items, boxes->count, boxes->windows, 1, boxes->is_empty};
    store->known++;
    boxes->items = NULL;
}

GaclipStoreTotals gaclip__store_totals(const GaclipTileStore *store)
{
    GaclipStoreTotals totals = {0};
    for (int i = 0; i < store->tile_count; i++) {
        totals.empty += store->tiles[i].is_empty;
        totals.windows += store->tiles[i].windows;
        totals.boxes += store->tiles[i].count;
    }
    return totals;
}

static int meets(const double a[4], double x1, double y1, double x2, double y2)
{
    return a[0] <= x2 && a[2] >= x1 && a[1] <= y2 && a[3] >= y1;
}

/* First and last index of the tiles along a side that meet low..high; is_row picks the side. */
static void tiles_along(int *first, int *last, const GaclipTilePlan *plan, double low, double high,
                        int is_row)
{
    int count = is_row ? plan->rows : plan->columns;
    *first = count;
    *last = -1;
    for (int i = 0; i < count; i++) {
        GaclipTile t = gaclip__tile_at(plan, is_row ? i * plan->columns : i);
        int start = is_row ? t.y : t.x, length = is_row ? t.height : t.width;
        if (high < start || low > start + length) continue;
        if (*first == count) *first = i;
        *last = i;
    }
}

/* Flags the unknown tiles that a rectangle meets; returns how many were not flagged before. */
static int flag_unknown(unsigned char *flags, const GaclipTileStore *store, const double area[4])
{
    int left, right, top, bottom, added = 0;
    tiles_along(&left, &right, &store->plan, area[0], area[2], 0);
    tiles_along(&top, &bottom, &store->plan, area[1], area[3], 1);
    for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
            int tile = row * store->plan.columns + column;
            if (store->tiles[tile].is_known || flags[tile]) continue;
            flags[tile] = 1;
            added++;
        }
    return added;
}

/* The known boxes that may have a part in the answer. They are numbered anew among those that score
 * enough, so that a number does not depend on what else is stored. */
static int gather(GaclipFoundList *out, const GaclipTileStore *store, const GaclipStoreQuery *query,
                  GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < store->tile_count && !status; i++) {
        int number = 0;
        for (int j = 0; j < store->tiles[i].count && !status; j++) {
            GaclipFound f = store->tiles[i].items[j];
            if (!(f.score >= (float)query->floor)) continue;
            f.index = number++;
            if (!query->classes || query->classes[f.class_index])
                status = gaclip__found_add(out, &f, err);
        }
    }
    return status;
}

/* A walk from the boxes that are asked for to those that decide about them. */
typedef struct Walk {
    const GaclipFoundList *list;
    const GaclipStoreQuery *query;
    const GaclipFound *asking;
    double hull[4];         /* of the asking box and those that it shares its fate with */
    unsigned char *reached; /* (count) */
    int *stack, depth;      /* reached, not yet followed */
} Walk;

static int is_replaced_by(const GaclipFound *cut, const GaclipFound *whole, double shared)
{
    return cut->is_cut && !whole->is_cut &&
           shared > (double)GACLIP_CUT_COVERED * gaclip__box_area(cut);
}

/* Whether a merge may let one of them go for the other. */
static int share_fate(const GaclipFound *a, const GaclipFound *b, double nms_iou)
{
    if (a->class_index != b->class_index) return 0;
    double shared = gaclip__shared_area(a, b);
    return gaclip__meeting(a, b, nms_iou) != GACLIP__APART || is_replaced_by(a, b, shared) ||
           is_replaced_by(b, a, shared);
}

static void extend_hull(void *item, void *payload)
{
    const GaclipFound *other = item;
    Walk *walk = payload;
    if (!share_fate(walk->asking, other, walk->query->nms_iou)) return;
    walk->hull[0] = fmin(walk->hull[0], other->x1);
    walk->hull[1] = fmin(walk->hull[1], other->y1);
    walk->hull[2] = fmax(walk->hull[2], other->x2);
    walk->hull[3] = fmax(walk->hull[3], other->y2);
}

/* A box moves to a mean of boxes that overlap it by nms_iou or more: it may come to meet the area
 * though it does not yet, where all of them together do; and none of these lies further off than
 * (1 - iou) / iou of its own side. */
static int may_meet(Walk *walk, const GaclipBoxIndex *index, int i)
{
    const GaclipFound *f = walk->asking = &walk->list->items[i];
    const double *area = walk->query->area;
    double reach = (1 - walk->query->nms_iou) / walk->query->nms_iou;
    double dx = reach * (f->x2 - f->x1), dy = reach * (f->y2 - f->y1);
    if (meets(area, f->x1, f->y1, f->x2, f->y2)) return 1;
    if (!meets(area, f->x1 - dx, f->y1 - dy, f->x2 + dx, f->y2 + dy)) return 0;
    memcpy(walk->hull, (double[4]){f->x1, f->y1, f->x2, f->y2}, sizeof walk->hull);
    gaclip__box_index_query(index, i, extend_hull, walk);
    return meets(area, walk->hull[0], walk->hull[1], walk->hull[2], walk->hull[3]);
}

static void reach(void *item, void *payload)
{
    const GaclipFound *other = item;
    Walk *walk = payload;
    int index = (int)(other - walk->list->items);
    if (walk->reached[index] || !share_fate(walk->asking, other, walk->query->nms_iou)) return;
    walk->reached[index] = 1;
    walk->stack[walk->depth++] = index;
}

static void walk_from_seeds(Walk *walk, const GaclipBoxIndex *index)
{
    for (int i = 0; i < walk->list->count; i++) {
        if (walk->reached[i] || !(walk->list->items[i].score >= (float)walk->query->min_score) ||
            !may_meet(walk, index, i))
            continue;
        walk->reached[i] = 1;
        walk->stack[walk->depth++] = i;
        while (walk->depth > 0) {
            int at = walk->stack[--walk->depth];
            walk->asking = &walk->list->items[at];
            gaclip__box_index_query(index, at, reach, walk);
        }
    }
}

static int walk_all(unsigned char *reached, const GaclipFoundList *list,
                    const GaclipStoreQuery *query, GaclipError *err)
{
    GaclipBoxIndex index;
    Walk walk = {.list = list, .query = query, .reached = reached};
    walk.stack = malloc(((size_t)list->count + 1) * sizeof *walk.stack);
    if (!walk.stack) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip__box_index_build(&index, list, err);
    if (!status) {
        walk_from_seeds(&walk, &index);
        gaclip__box_index_clear(&index);
    }
    free(walk.stack);
    return status;
}

/* The boxes that the answer is merged from. */
static int find_component(GaclipFoundList *out, const GaclipTileStore *store,
                          const GaclipStoreQuery *query, GaclipError *err)
{
    int status = gather(out, store, query, err), kept = 0;
    if (status || !query->area || out->count == 0) return status;
    unsigned char *reached = calloc((size_t)out->count, 1);
    if (!reached) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    status = walk_all(reached, out, query, err);
    for (int i = 0; i < out->count && !status; i++)
        if (reached[i]) out->items[kept++] = out->items[i];
    out->count = kept;
    free(reached);
    return status;
}

static int flag_missing(unsigned char *flags, int *count, const GaclipTileStore *store,
                        const GaclipStoreQuery *query, GaclipError *err)
{
    const GaclipArea *a = &store->plan.area;
    const double all[4] = {a->x, a->y, (double)a->x + a->width, (double)a->y + a->height};
    *count = flag_unknown(flags, store, query->area ? query->area : all);
    if (*count || store->known == store->tile_count) return GACLIP_OK;
    GaclipFoundList component = {0};
    int status = find_component(&component, store, query, err);
    for (int i = 0; i < component.count && !status; i++) {
        const GaclipFound *f = &component.items[i];
        *count += flag_unknown(flags, store, (const double[]){f->x1, f->y1, f->x2, f->y2});
    }
    free(component.items);
    return status;
}

int gaclip__store_missing(int **tiles, int *count, const GaclipTileStore *store,
                          const GaclipStoreQuery *query, GaclipError *err)
{
    *tiles = NULL;
    *count = 0;
    unsigned char *flags = calloc((size_t)store->tile_count, 1);
    if (!flags) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = flag_missing(flags, count, store, query, err), at = 0;
    if (!status && *count) {
        *tiles = malloc((size_t)*count * sizeof **tiles);
        if (!*tiles) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    for (int i = 0; i < store->tile_count && *tiles; i++)
        if (flags[i]) (*tiles)[at++] = i;
    if (status) *count = 0;
    free(flags);
    return status;
}

int gaclip__store_answer(GaclipFoundList *out, const GaclipTileStore *store,
                         const GaclipStoreQuery *query, GaclipError *err)
{
    int status = find_component(out, store, query, err), kept = 0;
    if (!status) status = gaclip__merge(out, query->nms_iou, err);
    for (int i = 0; i < out->count && !status; i++) {
        const GaclipFound *f = &out->items[i];
        if (f->score >= (float)query->min_score &&
            (!query->area || meets(query->area, f->x1, f->y1, f->x2, f->y2)))
            out->items[kept++] = *f;
    }
    out->count = status ? 0 : kept;
    return status;
}
