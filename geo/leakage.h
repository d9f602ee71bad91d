/* The steps of gaclip_dataset_leakage. */
#ifndef GACLIP_GEO_LEAKAGE_H
#define GACLIP_GEO_LEAKAGE_H

#include "dataset_digest.h"
#include "gaclip/dataset_leakage.h"
#include "gaclip/dataset_source.h"

/* One side as it is compared. */
typedef struct GaclipLeakageImages {
    const GaclipDataset *dataset;
    GaclipDatasetSource *source;
    GaclipSampleSource view;
    int count;
    int *index;                       /* (count) in the dataset */
    GaclipFingerprint **fingerprints; /* (count) */
    GaclipDigest *pixels, *files;     /* (count), (file_count); image counts from 0 to count - 1 */
    int file_count;
} GaclipLeakageImages;

/* What is done of all that there is to do. */
typedef struct GaclipLeakageProgress {
    const GaclipDatasetEvents *events;
    int before, total;
} GaclipLeakageProgress;

int gaclip__leakage_progress(GaclipLeakageProgress *progress, int done, GaclipError *err);
/* The same for functions of core. */
int gaclip__leakage_on_progress(int done, int total, void *payload);

/* The caller clears *out in any case. */
int gaclip__leakage_open(GaclipLeakageImages *out, const GaclipLeakageSide *side, const char *role,
                         GaclipError *err);
int gaclip__leakage_read(GaclipLeakageImages *images, GaclipCompute *compute,
                         GaclipLeakageProgress *progress, GaclipError *err);
void gaclip__leakage_close(GaclipLeakageImages *images);

/* Fills in the part of *out that is about images, or about texts. */
int gaclip__leakage_of_images(GaclipLeakage *out, const GaclipLeakageImages *train,
                              const GaclipLeakageImages *test, const GaclipLeakageOptions *options,
                              GaclipLeakageProgress *progress, GaclipError *err);
int gaclip__leakage_of_texts(GaclipLeakage *out, const GaclipLeakageImages *train,
                             const GaclipLeakageImages *test, const GaclipLeakageOptions *options,
                             GaclipError *err);

#endif
