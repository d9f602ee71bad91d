/* Images that are there more than once: which of them stays. */
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "dataset_digest.h"
#include "dataset_events.h"
#include "gaclip/dataset_tools.h"

/* The held-out image stays: what is measured does not change with what is trained on. */
static int rank_of(const GaclipDatasetImage *image)
{
    static const char *const HELD_OUT[] = {"test", "val"};
    for (int i = 0; i < 2; i++)
        if (image->split && !strcmp(image->split, HELD_OUT[i])) return i;
    return 2;
}

static int take_digests(GaclipDigest *digests, const GaclipDataset *dataset,
                        const GaclipDatasetEvents *events, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < dataset->image_count && !status; i++) {
        GaclipImage pixels;
        status = gaclip__dataset_progress(events, i, dataset->image_count, err);
        if (!status) status = gaclip_dataset_read_image(&pixels, &dataset->images[i], err);
        if (status) break;
        digests[i].image = i;
        gaclip__digest_pixels(&digests[i], &pixels);
        gaclip_image_clear(&pixels);
    }
    return status;
}

/* The best of the sorted digests from first on that are the same; *end is behind the last. */
static int best_of(int *end, const GaclipDigest *digests, int first, int count,
                   const GaclipDataset *dataset)
{
    int best = digests[first].image;
    for (*end = first + 1; *end < count; ++*end) {
        if (!gaclip__same_digest(&digests[*end], &digests[first])) break;
        int other = digests[*end].image;
        if (rank_of(&dataset->images[other]) < rank_of(&dataset->images[best])) best = other;
    }
    return best;
}

/* originals[i] is the image that stays for image i: itself, where it does. */
static void find_originals(int *originals, GaclipDigest *digests, const GaclipDataset *dataset)
{
    int count = dataset->image_count, end;
    gaclip__digests_sort(digests, count);
    for (int first = 0; first < count; first = end) {
        int best = best_of(&end, digests, first, count, dataset);
        for (int i = first; i < end; i++) originals[digests[i].image] = best;
    }
}

static const char *split_of(const GaclipDatasetImage *image)
{
    return image->split ? image->split : "none";
}

/* One file that is listed again, as data sets of questions do: no copy, but more to say of it. */
static int is_same_file(const GaclipDatasetImage *a, const GaclipDatasetImage *b)
{
    return !strcmp(a->path, b->path) && a->is_window == b->is_window && a->x == b->x &&
           a->y == b->y && !strcmp(split_of(a), split_of(b));
}

static int is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static int has_caption(const GaclipDatasetImage *image, const char *text)
{
    for (int i = 0; i < image->caption_count; i++)
        if (!strcmp(image->captions[i], text)) return 1;
    return 0;
}

static int has_region(const GaclipDatasetImage *image, const GaclipDatasetRegion *wanted)
{
    for (int i = 0; i < image->region_count; i++) {
        const GaclipDatasetRegion *r = &image->regions[i];
        if (!memcmp(r->box, wanted->box, sizeof r->box) && r->class_index == wanted->class_index &&
            r->is_object == wanted->is_object && is_same_text(r->phrase, wanted->phrase) &&
            is_same_text(r->description, wanted->description))
            return 1;
    }
    return 0;
}

/* What is said of one image, said of the other too. */
static int join(GaclipDataset *dataset, int to, int from, GaclipError *err)
{
    GaclipDatasetImage *image = &dataset->images[to];
    const GaclipDatasetImage *other = &dataset->images[from];
    int status = GACLIP_OK;
    for (int i = 0; i < other->caption_count && !status; i++)
        if (!has_caption(image, other->captions[i]))
            status = gaclip__dataset_add_caption(dataset, to, other->captions[i], err);
    for (int i = 0; i < other->region_count && !status; i++)
        if (!has_region(image, &other->regions[i]))
            status = gaclip__dataset_add_region(dataset, to, &other->regions[i], err);
    if (!image->detailed) image->detailed = other->detailed;
    if (!image->scene) image->scene = other->scene;
    image->is_annotated &= other->is_annotated;
    return status;
}

/* Joins or reports what is to go. */
static int settle(int *removed, GaclipDataset *dataset, const int *originals,
                  const GaclipDatasetEvents *events, GaclipError *err)
{
    int status = GACLIP_OK;
    *removed = 0;
    for (int i = 0; i < dataset->image_count && !status; i++) {
        const GaclipDatasetImage *image = &dataset->images[i];
        const GaclipDatasetImage *original = &dataset->images[originals[i]];
        if (originals[i] == i) continue;
        if (is_same_file(image, original)) {
            status = join(dataset, originals[i], i, err);
            continue;
        }
        ++*removed;
        gaclip__dataset_found(events, image, i, -1,
                              "left out: has the same pixels as %s (splits %s and %s)",
                              original->path, split_of(image), split_of(original));
    }
    return status;
}

static void take_out(GaclipDataset *dataset, const int *originals)
{
    int kept = 0;
    for (int i = 0; i < dataset->image_count; i++) {
        if (originals[i] == i)
            dataset->images[kept++] = dataset->images[i];
        else
            gaclip__dataset_forget_image(&dataset->images[i]);
    }
    dataset->image_count = kept;
}

int gaclip_dataset_drop_duplicates(int *removed, GaclipDataset *dataset,
                                   const GaclipDatasetEvents *events, GaclipError *err)
{
    size_t total = (size_t)dataset->image_count;
    GaclipDigest *digests = calloc(total + 1, sizeof *digests);
    int *originals = calloc(total + 1, sizeof *originals), status = GACLIP_OK;
    if (!digests || !originals)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    if (!status) status = take_digests(digests, dataset, events, err);
    if (!status) {
        find_originals(originals, digests, dataset);
        status = settle(removed, dataset, originals, events, err);
    }
    if (!status) take_out(dataset, originals);
    free(originals);
    free(digests);
    return status;
}
