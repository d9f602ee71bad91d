#include "dataset_truth.h"

#include <cpl_conv.h>
#include <stdlib.h>
#include <string.h>

#include "class_traits.h"
#include "region_relations.h"
#include "scene_claims.h"
#include "similar_classes.h"

/* What is checked now. */
typedef struct Place {
    const GaclipDataset *dataset;
    const GaclipDatasetImage *image;
    int index, region;
    const GaclipDatasetEvents *events;
} Place;

static void check_description(const Place *at, const GaclipRegionClaims *claims,
                              const GaclipRegionFacts *facts)
{
    const GaclipDatasetRegion *r = &at->image->regions[at->region];
    const GaclipDatasetClass *c = &at->dataset->classes[r->class_index];
    if (!gaclip__is_name_of(claims->name, c))
        gaclip__dataset_found(at->events, at->image, at->index, at->region, "is no %s but a %s: %s",
                              claims->name, c->name, r->description);
    if (!gaclip__is_spoken(claims->name) ||
        (*claims->neighbour && !gaclip__is_spoken(claims->neighbour)))
        gaclip__dataset_found(at->events, at->image, at->index, at->region,
                              "uses a name that says nothing: %s", r->description);
    for (int kind = 0; kind < GACLIP__CLAIM_KINDS; kind++) {
        if (!claims->is_claimed[kind] ||
            gaclip__claim_holds((GaclipClaimKind)kind, claims->values[kind], facts) == 1)
            continue;
        gaclip__dataset_found(at->events, at->image, at->index, at->region, "is not \"%s\": %s",
                              gaclip__claim_name((GaclipClaimKind)kind, claims->values[kind]),
                              r->description);
    }
}

/* Kinds in which the two differ, of which *last is one; GACLIP__CLAIM_KINDS stands for the name. */
static int count_differences(int *last, const GaclipRegionClaims *a, const GaclipRegionClaims *b)
{
    int count = strcmp(a->name, b->name) != 0;
    if (count) *last = GACLIP__CLAIM_KINDS;
    for (int kind = 0; kind < GACLIP__CLAIM_KINDS; kind++) {
        int differs = a->is_claimed[kind] != b->is_claimed[kind] ||
                      (a->is_claimed[kind] && a->values[kind] != b->values[kind]);
        if (kind == GACLIP__NEAR || kind == GACLIP__BEARING)
            differs |= a->is_claimed[kind] && strcmp(a->neighbour, b->neighbour) != 0;
        if (differs) *last = kind;
        count += differs;
    }
    return count;
}

/* Whether an object that is so called has much the same box. */
static int is_there(const Place *at, const char *name)
{
    const GaclipDatasetRegion *r = &at->image->regions[at->region];
    GaclipBox box = {(float)r->box[0], (float)r->box[1], (float)r->box[2], (float)r->box[3]};
    for (int i = 0; i < at->image->region_count; i++) {
        const GaclipDatasetRegion *other = &at->image->regions[i];
        GaclipBox b = {(float)other->box[0], (float)other->box[1], (float)other->box[2],
                       (float)other->box[3]};
        if (other->class_index >= 0 && gaclip_box_iou(&box, &b) > 0.5f &&
            gaclip__is_name_of(name, &at->dataset->classes[other->class_index]))
            return 1;
    }
    return 0;
}

static void check_negative(const Place *at, const char *text, const GaclipRegionClaims *truth,
                           const GaclipRegionFacts *facts)
{
    GaclipRegionClaims claims;
    GaclipRegionFacts own = *facts;
    int kind = 0;
    const char *fact = NULL;
    if (!gaclip__claims_read(&claims, text) ||
        !gaclip__claims_relate(&own, &claims, at->region, at->image, at->dataset))
        return;
    int differences = count_differences(&kind, &claims, truth);
    if (differences != 1)
        fact = differences ? "changes more than one attribute" : "says what the description says";
    else if (!gaclip__is_spoken(claims.name))
        fact = "uses a name that says nothing";
    else if (kind == GACLIP__CLAIM_KINDS)
        fact = is_there(at, claims.name) ? "names what is there" : NULL;
    else if (!claims.is_claimed[kind])
        fact = "leaves an attribute out, which makes nothing false";
    else if (gaclip__claim_holds((GaclipClaimKind)kind, claims.values[kind], &own) != 0)
        fact = "may be true";
    if (fact)
        gaclip__dataset_found(at->events, at->image, at->index, at->region,
                              "a hard negative %s: %s", fact, text);
}

/* Whether the name is one that gaclip could have written: of a class, or of one that looks alike.
 * "a white tank behind the fence" is a person's, though it begins like one of the grammar. */
static int is_known(const Place *at, const char *name)
{
    for (int c = 0; c < at->dataset->class_count; c++) {
        const char *const *others = gaclip__similar_classes(at->dataset->classes[c].name);
        if (gaclip__is_name_of(name, &at->dataset->classes[c])) return 1;
        for (; others && *others; others++)
            if (!strcmp(*others, name)) return 1;
    }
    return 0;
}

static void check_region(const Place *at, const GaclipRegionFacts *facts)
{
    const GaclipDatasetRegion *r = &at->image->regions[at->region];
    GaclipRegionClaims claims;
    GaclipRegionFacts own = *facts;
    if (!r->description || r->class_index < 0 || !gaclip__claims_read(&claims, r->description) ||
        !is_known(at, claims.name) ||
        !gaclip__claims_relate(&own, &claims, at->region, at->image, at->dataset))
        return;
    check_description(at, &claims, &own);
    for (int i = 0; i < r->negative_count; i++) check_negative(at, r->negatives[i], &claims, facts);
}

static void check_caption(const Place *at, const char *text, const GaclipSceneFacts *facts)
{
    char *claim = NULL;
    if (text && gaclip__scene_holds(&claim, text, facts, at->dataset) == 0)
        gaclip__dataset_found(at->events, at->image, at->index, -1, "it is not so that \"%s\"",
                              claim);
    CPLFree(claim);
}

int gaclip__dataset_check_truth(const GaclipDataset *dataset, int image, const GaclipImage *pixels,
                                const GaclipDatasetEvents *events, GaclipError *err)
{
    Place at = {dataset, &dataset->images[image], image, 0, events};
    GaclipSceneFacts scene;
    if (!at.image->region_count) return GACLIP_OK;
    GaclipRegionFacts *facts = calloc((size_t)at.image->region_count, sizeof *facts);
    if (!facts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (; at.region < at.image->region_count; at.region++) {
        gaclip__region_facts(&facts[at.region], dataset, at.image, at.region, pixels);
        check_region(&at, &facts[at.region]);
    }
    int status = at.image->is_annotated ? gaclip__scene_facts(&scene, dataset, at.image, facts, err)
                                        : GACLIP_OK;
    if (!status && at.image->is_annotated) {
        for (int i = 0; i < at.image->caption_count; i++)
            check_caption(&at, at.image->captions[i], &scene);
        check_caption(&at, at.image->detailed, &scene);
        free(scene.groups);
    }
    free(facts);
    return status;
}
