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

static void report(const GaclipDataset *dataset, const int *originals,
                   const GaclipDatasetEvents *events)
{
    for (int i = 0; i < dataset->image_count; i++) {
        const GaclipDatasetImage *image = &dataset->images[i];
        const GaclipDatasetImage *original = &dataset->images[originals[i]];
        if (originals[i] == i) continue;
        gaclip__dataset_found(events, image, i, -1,
                              "left out: has the same pixels as %s (splits %s and %s)",
                              original->path, split_of(image), split_of(original));
    }
}

int gaclip_dataset_drop_duplicates(int *removed, GaclipDataset *dataset,
                                   const GaclipDatasetEvents *events, GaclipError *err)
{
    size_t total = (size_t)dataset->image_count;
    GaclipDigest *digests = calloc(total + 1, sizeof *digests);
    int *originals = calloc(total + 1, sizeof *originals), kept = 0, status = GACLIP_OK;
    if (!digests || !originals)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    if (!status) status = take_digests(digests, dataset, events, err);
    if (!status) {
        find_originals(originals, digests, dataset);
        report(dataset, originals, events);
        for (int i = 0; i < (int)total; i++) {
            if (originals[i] == i)
                dataset->images[kept++] = dataset->images[i];
            else
                gaclip__dataset_forget_image(&dataset->images[i]);
        }
        dataset->image_count = kept;
        *removed = (int)total - kept;
    }
    free(originals);
    free(digests);
    return status;
}
