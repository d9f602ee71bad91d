#include "dataset_digest.h"

#include <cpl_vsi.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16 };

void gaclip__digest_pixels(GaclipDigest *out, const GaclipImage *pixels)
{
    struct md5_ctx context;
    size_t count = (size_t)pixels->width * (size_t)pixels->height;
    md5_init(&context);
    md5_update(&context, sizeof pixels->width, (const uint8_t *)&pixels->width);
    md5_update(&context, 3 * count, pixels->rgb);
    md5_digest(&context, sizeof out->md5, out->md5);
}

int gaclip__digest_file(GaclipDigest *out, const char *path)
{
    struct md5_ctx context;
    uint8_t piece[PIECE];
    size_t read;
    VSILFILE *file = VSIFOpenL(path, "rb");
    if (!file) return 0;
    md5_init(&context);
    while ((read = VSIFReadL(piece, 1, sizeof piece, file)) > 0) md5_update(&context, read, piece);
    md5_digest(&context, sizeof out->md5, out->md5);
    VSIFCloseL(file);
    return 1;
}

int gaclip__same_digest(const GaclipDigest *a, const GaclipDigest *b)
{
    return !memcmp(a->md5, b->md5, sizeof a->md5);
}

static int compare(const void *a, const void *b)
{
    const GaclipDigest *left = a, *right = b;
    int order = memcmp(left->md5, right->md5, sizeof left->md5);
    return order ? order : (left->image > right->image) - (left->image < right->image);
}

void gaclip__digests_sort(GaclipDigest *digests, int count)
{
    if (count) qsort(digests, (size_t)count, sizeof *digests, compare);
}

const GaclipDigest *gaclip__digest_find(const GaclipDigest *digests, int count,
                                        const GaclipDigest *wanted)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (memcmp(digests[middle].md5, wanted->md5, sizeof wanted->md5) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && gaclip__same_digest(&digests[low], wanted) ? &digests[low] : NULL;
}
