#include "gaclip/dataset_leakage.h"

#include <stdlib.h>
#include <string.h>

#include "leakage.h"

void gaclip_leakage_options_init(GaclipLeakageOptions *options)
{
    GaclipImageMatchOptions match;
    gaclip_image_match_options_init(&match);
    *options = (GaclipLeakageOptions){.structural = match.score,
                                      .overlap = match.overlap,
                                      .lexical = 0.8,
                                      .ngram = 2,
                                      .image_cosine = 0.97,
                                      .text_cosine = 0.97};
}

static int compare(GaclipLeakage *out, GaclipLeakageImages *train, GaclipLeakageImages *test,
                   const GaclipLeakageOptions *options, const GaclipDatasetEvents *events,
                   GaclipError *err)
{
    int both = train->count + test->count;
    GaclipLeakageProgress progress = {events, 0, both + test->count};
    if (options->model) progress.total += both;
    out->train_images = train->count;
    out->test_images = test->count;
    int status = gaclip__leakage_read(train, options->compute, &progress, err);
    if (!status) status = gaclip__leakage_read(test, options->compute, &progress, err);
    if (!status) status = gaclip__leakage_of_images(out, train, test, options, &progress, err);
    if (!status) status = gaclip__leakage_of_texts(out, train, test, options, err);
    return status;
}

static int overlaps(const GaclipLeakageSide *a, const GaclipLeakageSide *b)
{
    return a->dataset == b->dataset && (!a->split || !b->split || !strcmp(a->split, b->split));
}

int gaclip_dataset_leakage(GaclipLeakage *out, const GaclipLeakageSide *train,
                           const GaclipLeakageSide *test, const GaclipLeakageOptions *options,
                           const GaclipDatasetEvents *events, GaclipError *err)
{
    GaclipLeakageImages trains = {0}, tests = {0};
    *out = (GaclipLeakage){0};
    if (overlaps(train, test))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "training and test images are the same ones; name two splits or "
                                "two datasets");
    int status = gaclip__leakage_open(&trains, train, "training images", err);
    if (!status) status = gaclip__leakage_open(&tests, test, "test images", err);
    if (!status) status = compare(out, &trains, &tests, options, events, err);
    gaclip__leakage_close(&trains);
    gaclip__leakage_close(&tests);
    if (status) gaclip_leakage_clear(out);
    return status;
}

void gaclip_leakage_clear(GaclipLeakage *leakage)
{
    free(leakage->images);
    free(leakage->texts);
    free(leakage->test_index);
    free(leakage->structural);
    free(leakage->image_cosine);
    free(leakage->lexical);
    free(leakage->text_cosine);
    *leakage = (GaclipLeakage){0};
}
