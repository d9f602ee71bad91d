#include <cpl_conv.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "chance.h"
#include "dataset.h"
#include "gaclip/dataset_tools.h"
#include "raster.h"
#include "text_hash.h"

enum { LONGEST_KEY = 1200 };

/* A CRS by its name, and the metres a unit of it: of latitude, where the units are angles. */
typedef struct Units {
    const char *crs;
    double metres;
} Units;

/* Images of one scene follow each other: each CRS is looked up once. */
static double metres_of(Units *last, const char *crs)
{
    if (!crs) return 1;
    if (last->crs && !strcmp(last->crs, crs)) return last->metres;
    OGRSpatialReferenceH reference = OSRNewSpatialReference(NULL);
    *last = (Units){crs, 1};
    if (OSRSetFromUserInput(reference, crs) == OGRERR_NONE) {
        if (OSRIsGeographic(reference))
            last->metres = OSRGetAngularUnits(reference, NULL) * GACLIP__EARTH_RADIUS;
        else
            last->metres = OSRGetLinearUnits(reference, NULL);
    }
    OSRDestroySpatialReference(reference);
    return last->metres;
}

/* Images with the same key get the same split. File names without folders, for a dataset is the
 * same wherever it lies. */
static void write_key(char key[LONGEST_KEY], const GaclipDatasetImage *image, double metres,
                      Units *units)
{
    double block = metres / metres_of(units, metres > 0 ? image->crs : NULL);
    const double *g = image->geotransform;
    double column = image->width / 2.0, row = image->height / 2.0;
    if (!(block > 0))
        snprintf(key, LONGEST_KEY, "%s %d %d", CPLGetFilename(image->path), image->x, image->y);
    else if (image->has_geotransform)
        snprintf(key, LONGEST_KEY, "%.0f %.0f %.1000s",
                 floor((g[0] + column * g[1] + row * g[2]) / block),
                 floor((g[3] + column * g[4] + row * g[5]) / block), image->crs ? image->crs : "");
    else
        snprintf(key, LONGEST_KEY, "%s", CPLGetFilename(image->path));
}

int gaclip_dataset_split(GaclipDataset *dataset, const GaclipDatasetSplitOptions *options,
                         GaclipError *err)
{
    static const char *const NAMES[] = {"train", "val", "test"};
    const double shares[] = {options->train, options->val, options->test};
    Units units = {0};
    double sum = options->train + options->val + options->test;
    if (!(options->train >= 0 && options->val >= 0 && options->test >= 0 && sum > 0) ||
        !isfinite(sum) || !(options->block >= 0))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "shares %g, %g, %g of train, val and test: give numbers from 0 on",
                                options->train, options->val, options->test);
    for (int i = 0; i < dataset->image_count; i++) {
        char key[LONGEST_KEY];
        write_key(key, &dataset->images[i], options->block, &units);
        uint64_t state = gaclip__text_hash(GACLIP__HASH_START, key) ^ options->seed;
        double place = gaclip__chance_uniform(&state) * sum;
        int split = 0;
        while (split < 2 && place >= shares[split]) place -= shares[split++];
        int status = gaclip__dataset_text(&dataset->images[i].split, dataset, NAMES[split], err);
        if (status) return status;
    }
    return GACLIP_OK;
}
