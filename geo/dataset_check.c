/* Finds what is wrong in a dataset that can be read. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dataset.h"
#include "dataset_digest.h"
#include "dataset_events.h"
#include "dataset_truth.h"

typedef struct Check {
    const GaclipDataset *dataset;
    GaclipDatasetEvents events; /* which count */
    const GaclipDatasetEvents *callers;
    int problems;
} Check;

static void count_and_pass(const char *place, const char *path, const char *what, void *payload)
{
    Check *check = payload;
    check->problems++;
    if (check->callers && check->callers->found)
        check->callers->found(place, path, what, check->callers->payload);
}

static void report_duplicates(Check *check, GaclipDigest *digests, int count)
{
    gaclip__digests_sort(digests, count);
    for (int i = 1; i < count; i++) {
        if (!gaclip__same_digest(&digests[i], &digests[i - 1])) continue;
        const GaclipDatasetImage *first = &check->dataset->images[digests[i - 1].image];
        const GaclipDatasetImage *image = &check->dataset->images[digests[i].image];
        gaclip__dataset_found(&check->events, image, digests[i].image, -1,
                              "has the same pixels as images[%d], %s (splits %s and %s)",
                              digests[i - 1].image, first->path,
                              image->split ? image->split : "none",
                              first->split ? first->split : "none");
    }
}

static void check_negatives(Check *check, int image, int region)
{
    const GaclipDatasetImage *i = &check->dataset->images[image];
    const GaclipDatasetRegion *r = &i->regions[region];
    for (int n = 0; n < r->negative_count; n++) {
        if (!strcasecmp(r->negatives[n], r->description))
            gaclip__dataset_found(&check->events, i, image, region,
                                  "hard_negatives[%d] is its description: %s", n, r->negatives[n]);
        for (int before = 0; before < n; before++)
            if (!strcasecmp(r->negatives[n], r->negatives[before]))
                gaclip__dataset_found(&check->events, i, image, region,
                                      "hard_negatives[%d] is there twice: %s", n, r->negatives[n]);
    }
}

/* Two descriptions of one object are no second object. */
static int is_repeated(const GaclipDatasetImage *image, const GaclipDatasetRegion *a,
                       const GaclipDatasetRegion *b)
{
    int are_told_apart = !image->is_annotated && a->description && b->description &&
                         strcasecmp(a->description, b->description) != 0;
    return !memcmp(a->box, b->box, sizeof a->box) && a->class_index == b->class_index &&
           a->is_object && !are_told_apart;
}

static void check_regions(Check *check, int image)
{
    const GaclipDatasetImage *i = &check->dataset->images[image];
    for (int r = 0; r < i->region_count; r++) {
        for (int before = 0; before < r; before++)
            if (is_repeated(i, &i->regions[r], &i->regions[before]))
                gaclip__dataset_found(&check->events, i, image, r, "has the box of regions[%d]",
                                      before);
        check_negatives(check, image, r);
    }
}

/* A name that two classes have cannot tell which of them is meant. */
static void check_classes(Check *check)
{
    static const GaclipDatasetImage NONE = {.path = ""};
    const GaclipDataset *d = check->dataset;
    for (int c = 0; c < d->class_count; c++)
        for (int other = 0; other < d->class_count; other++)
            for (int s = 0; s < d->classes[other].synonym_count && other != c; s++)
                if (d->classes[other].synonyms[s] == d->classes[c].name)
                    gaclip__dataset_found(&check->events, &NONE, 0, -1,
                                          "class \"%s\" is also a synonym of \"%s\"",
                                          d->classes[c].name, d->classes[other].name);
}

static int check_images(Check *check, GaclipDigest *digests, GaclipError *err)
{
    const GaclipDataset *d = check->dataset;
    int readable = 0;
    for (int i = 0; i < d->image_count; i++) {
        GaclipImage pixels;
        GaclipError reason = {0};
        int status = gaclip__dataset_progress(check->callers, i, d->image_count, err);
        if (status) return status;
        check_regions(check, i);
        if (gaclip_dataset_read_image(&pixels, &d->images[i], &reason)) {
            gaclip__dataset_found(&check->events, &d->images[i], i, -1, "%s", reason.message);
            continue;
        }
        digests[readable].image = i;
        gaclip__digest_pixels(&digests[readable++], &pixels);
        status = gaclip__dataset_check_truth(d, i, &pixels, &check->events, err);
        gaclip_image_clear(&pixels);
        if (status) return status;
    }
    report_duplicates(check, digests, readable);
    return GACLIP_OK;
}

int gaclip_dataset_check(int *problems, const GaclipDataset *dataset,
                         const GaclipDatasetEvents *events, GaclipError *err)
{
    Check check = {.dataset = dataset, .callers = events};
    check.events = (GaclipDatasetEvents){.found = count_and_pass, .payload = &check};
    GaclipDigest *digests = calloc((size_t)dataset->image_count + 1, sizeof *digests);
    if (!digests) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    check_classes(&check);
    int status = check_images(&check, digests, err);
    free(digests);
    *problems = check.problems;
    return status;
}
