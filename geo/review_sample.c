/* Drawing what is put before reviewers: by turns, one of each source, and in a source one of each
 * class. */
#include <cpl_conv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "dataset.h"
#include "gaclip/review.h"
#include "text_hash.h"

typedef struct Candidate {
    GaclipReviewItem item;
    uint64_t random;
    int class_turn, source_turn; /* its number among those of its class; of its source */
} Candidate;

typedef struct Candidates {
    Candidate *items; /* (count) */
    int count;
} Candidates;

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_class(const void *a, const void *b)
{
    const Candidate *left = a, *right = b;
    int order = strcmp(left->item.source, right->item.source);
    if (!order) order = strcmp(left->item.class_name, right->item.class_name);
    return order ? order : compare_numbers(left->random, right->random);
}

static int by_source(const void *a, const void *b)
{
    const Candidate *left = a, *right = b;
    int order = strcmp(left->item.source, right->item.source);
    if (!order) order = left->class_turn - right->class_turn;
    return order ? order : compare_numbers(left->random, right->random);
}

static int by_turn(const void *a, const void *b)
{
    const Candidate *left = a, *right = b;
    int order = left->source_turn - right->source_turn;
    return order ? order : compare_numbers(left->random, right->random);
}

static unsigned parts_of(const GaclipDatasetImage *image, int region)
{
    unsigned parts = image->caption_count || image->detailed ? 1u << GACLIP_REVIEW_CAPTIONS : 0;
    if (region < 0) return parts;
    parts |= 1u << GACLIP_REVIEW_BOX | 1u << GACLIP_REVIEW_DESCRIPTION;
    return image->regions[region].negative_count ? parts | 1u << GACLIP_REVIEW_NEGATIVES : parts;
}

static const char *class_of(const GaclipDataset *dataset, const GaclipDatasetImage *image,
                            int region)
{
    const char *name = image->scene;
    if (region >= 0) {
        const GaclipDatasetRegion *r = &image->regions[region];
        name = r->class_index >= 0 ? dataset->classes[r->class_index].name : r->phrase;
    }
    return name ? name : "-";
}

static void add(Candidates *out, const GaclipDataset *dataset, int image, int region, uint64_t seed)
{
    const GaclipDatasetImage *i = &dataset->images[image];
    uint64_t state = seed + (uint64_t)image * 0x9E3779B97F4A7C15u;
    state = gaclip__chance_next(&state) + (uint64_t)(region + 1);
    out->items[out->count++] = (Candidate){
        .item = {image, region, parts_of(i, region), i->source ? i->source : "-",
                 class_of(dataset, i, region)},
        .random = gaclip__chance_next(&state),
    };
}

static int is_wanted(const GaclipDatasetImage *image, const char *split)
{
    return !split || (image->split && !strcmp(image->split, split));
}

static int list_candidates(Candidates *out, const GaclipDataset *dataset,
                           const GaclipReviewSampleOptions *options, GaclipError *err)
{
    size_t room = 1;
    for (int i = 0; i < dataset->image_count; i++)
        room += (size_t)dataset->images[i].region_count + 1;
    out->items = calloc(room, sizeof *out->items);
    if (!out->items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < dataset->image_count; i++) {
        const GaclipDatasetImage *image = &dataset->images[i];
        if (!is_wanted(image, options->split)) continue;
        for (int r = 0; r < image->region_count; r++) add(out, dataset, i, r, options->seed);
        if (!image->region_count && parts_of(image, -1) && !options->regions_alone)
            add(out, dataset, i, -1, options->seed);
    }
    if (out->count) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "the dataset has no %s to review%s%s%s",
                            options->regions_alone ? "regions" : "regions or captions",
                            options->split ? " in the split \"" : "",
                            options->split ? options->split : "", options->split ? "\"" : "");
}

static void give_turns(Candidates *c)
{
    size_t count = (size_t)c->count;
    qsort(c->items, count, sizeof *c->items, by_class);
    for (int i = 1; i < c->count; i++)
        if (!strcmp(c->items[i].item.source, c->items[i - 1].item.source) &&
            !strcmp(c->items[i].item.class_name, c->items[i - 1].item.class_name))
            c->items[i].class_turn = c->items[i - 1].class_turn + 1;
    qsort(c->items, count, sizeof *c->items, by_source);
    for (int i = 1; i < c->count; i++)
        if (!strcmp(c->items[i].item.source, c->items[i - 1].item.source))
            c->items[i].source_turn = c->items[i - 1].source_turn + 1;
    qsort(c->items, count, sizeof *c->items, by_turn);
}

int gaclip_review_sample(GaclipReviewItem **out, int *count, const GaclipDataset *dataset,
                         const GaclipReviewSampleOptions *options, GaclipError *err)
{
    Candidates candidates = {0};
    *out = NULL;
    int status = list_candidates(&candidates, dataset, options, err);
    int taken = candidates.count < options->count ? candidates.count : options->count;
    if (!status) *out = calloc((size_t)taken + 1, sizeof **out);
    if (!status && !*out) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) {
        give_turns(&candidates);
        for (int i = 0; i < taken; i++) (*out)[i] = candidates.items[i].item;
        *count = taken;
    }
    free(candidates.items);
    return status;
}

static uint64_t add_text(uint64_t hash, const char *text)
{
    return gaclip__text_hash(gaclip__text_hash(hash, text ? text : ""), "\n");
}

static uint64_t add_region(uint64_t hash, const GaclipDataset *dataset,
                           const GaclipDatasetRegion *r)
{
    char box[96];
    snprintf(box, sizeof box, "%.6f %.6f %.6f %.6f", r->box[0], r->box[1], r->box[2], r->box[3]);
    hash = add_text(hash, box);
    hash = add_text(hash, r->class_index >= 0 ? dataset->classes[r->class_index].name : NULL);
    hash = add_text(add_text(hash, r->phrase), r->description);
    for (int i = 0; i < r->negative_count; i++) hash = add_text(hash, r->negatives[i]);
    return hash;
}

void gaclip_review_identify(GaclipReviewIdentity *out, const GaclipDataset *dataset,
                            const GaclipReviewItem *item)
{
    const GaclipDatasetImage *image = &dataset->images[item->image];
    uint64_t hash = add_text(GACLIP__HASH_START, CPLGetFilename(image->path));
    for (int i = 0; i < image->caption_count; i++) hash = add_text(hash, image->captions[i]);
    hash = add_text(hash, image->detailed);
    snprintf(out->place, sizeof out->place, "images[%d]", item->image);
    if (item->region >= 0) {
        hash = add_region(hash, dataset, &image->regions[item->region]);
        snprintf(out->place, sizeof out->place, "images[%d].regions[%d]", item->image,
                 item->region);
    }
    snprintf(out->digest, sizeof out->digest, "%016llx", (unsigned long long)hash);
}
