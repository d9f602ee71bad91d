/* Samples of a dataset: random windows of its images, or the images themselves. */
#include "gaclip/dataset_source.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "class_traits.h"
#include "dataset_image.h"
#include "detailed_caption.h"
#include "image_cache.h"
#include "pool.h"
#include "sample_window.h"

enum { LONGEST_LIST = 256 };

static const size_t OWN_CACHE = (size_t)1 << 30;

/* Share of either side of an image with captions that a window shows at least. */
static const double SMALLEST_CAPTIONED = 0.85;

struct GaclipDatasetSource {
    const GaclipDataset *dataset;
    double object_share, object_below, zoom;
    GaclipImageCache *cache, *own_cache;
    int *images;          /* (count) of the dataset, those of the split */
    const char **details; /* (count) detailed captions or NULL, lent by the dataset or texts */
    int count;
    GaclipPool texts;
};

void gaclip_dataset_source_options_init(GaclipDatasetSourceOptions *options)
{
    *options = (GaclipDatasetSourceOptions){.object_share = 0.7, .zoom = 1};
}

static int is_in_split(const GaclipDatasetImage *image, const char *split)
{
    return !split || (image->split && !strcmp(image->split, split));
}

static int is_excluded(const GaclipDatasetImage *image, const char *exclude)
{
    const char *slash = strrchr(image->path, '/');
    return exclude && !fnmatch(exclude, slash ? slash + 1 : image->path, 0);
}

/* Where below is 0 every object is. */
static int is_below(const GaclipDatasetRegion *region, double width, double height, double below)
{
    const double *b = region->box;
    return below <= 0 || (b[2] - b[0]) * width * (b[3] - b[1]) * height < below * below;
}

static int count_below(const GaclipDatasetImage *image, double width, double height, double below)
{
    int count = 0;
    for (int i = 0; i < image->region_count; i++)
        count += is_below(&image->regions[i], width, height, below);
    return count;
}

/* Images of the split that are left out all the same. */
typedef struct LeftOut {
    int excluded, large; /* by the pattern; without a small object */
} LeftOut;

/* Whether an image is among those asked for. */
static int choose_image(int *is_wanted, LeftOut *left, const GaclipDatasetImage *image,
                        const GaclipDatasetSourceOptions *options, GaclipError *err)
{
    double below = options->object_below;
    *is_wanted = 0;
    if (!is_in_split(image, options->split)) return GACLIP_OK;
    if (is_excluded(image, options->exclude)) {
        left->excluded++;
        return GACLIP_OK;
    }
    if (below > 0 && image->region_count && (!image->width || !image->height))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "the dataset does not say how large %s is, so objects below %g "
                                "pixels cannot be told; rewrite it with gaclip-dataset build",
                                image->path, below);
    *is_wanted = below <= 0 || count_below(image, image->width, image->height, below) > 0;
    left->large += !*is_wanted;
    return GACLIP_OK;
}

/* The splits of the dataset's images, for a message. */
static void list_splits(char list[LONGEST_LIST], const GaclipDataset *dataset)
{
    const char *seen[16];
    int seen_count = 0;
    size_t used = 0;
    list[0] = '\0';
    for (int i = 0; i < gaclip_dataset_image_count(dataset) && seen_count < 16; i++) {
        const char *split = gaclip_dataset_image_at(dataset, i)->split;
        int is_new = split != NULL;
        for (int k = 0; k < seen_count && is_new; k++) is_new = strcmp(seen[k], split) != 0;
        if (!is_new) continue;
        seen[seen_count++] = split;
        int written =
            snprintf(list + used, LONGEST_LIST - used, "%s%.40s", used ? ", " : "", split);
        used += (size_t)(written > 0 ? written : 0);
        if (used >= LONGEST_LIST) return;
    }
}

static int say_why_empty(const GaclipDataset *dataset, const GaclipDatasetSourceOptions *options,
                         const LeftOut *left, GaclipError *err)
{
    const char *split = options->split;
    char splits[LONGEST_LIST];
    list_splits(splits, dataset);
    if (left->large)
        return gaclip_error_set(
            err, GACLIP_ERROR_EMPTY, "no image%s%s has an object below %g pixels",
            split ? " of the split " : "", split ? split : "", options->object_below);
    if (left->excluded)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "\"%s\" leaves out every image%s%s",
                                options->exclude, split ? " of the split " : "",
                                split ? split : "");
    if (!split) return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "the dataset has no images");
    return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                            "the dataset has no images in the split \"%s\"; its splits: %s", split,
                            *splits ? splits : "none");
}

static int list_images(GaclipDatasetSource *source, const GaclipDatasetSourceOptions *options,
                       GaclipError *err)
{
    LeftOut left = {0};
    const GaclipDataset *dataset = source->dataset;
    size_t total = (size_t)gaclip_dataset_image_count(dataset);
    source->images = malloc((total + 1) * sizeof *source->images);
    source->details = calloc(total + 1, sizeof *source->details);
    if (!source->images || !source->details)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < (int)total; i++) {
        const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, i);
        int is_wanted, status = choose_image(&is_wanted, &left, image, options, err);
        if (!status && is_wanted)
            status = gaclip__detailed_caption(&source->details[source->count], image,
                                              &source->texts, err);
        if (status) return status;
        if (is_wanted) source->images[source->count++] = i;
    }
    return source->count ? GACLIP_OK : say_why_empty(dataset, options, &left, err);
}

static int fill_source(GaclipDatasetSource *source, const GaclipDatasetSourceOptions *options,
                       GaclipError *err)
{
    int status = GACLIP_OK;
    if (!options->cache) status = gaclip_image_cache_new(&source->own_cache, OWN_CACHE, err);
    source->cache = options->cache ? options->cache : source->own_cache;
    return status ? status : list_images(source, options, err);
}

int gaclip_dataset_source_new(GaclipDatasetSource **out, const GaclipDataset *dataset,
                              const GaclipDatasetSourceOptions *options, GaclipError *err)
{
    *out = NULL;
    if (!(options->object_share >= 0 && options->object_share <= 1))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "object share %g is not in 0..1",
                                options->object_share);
    if (!(options->object_below >= 0) || !(options->zoom > 0 && isfinite(options->zoom)))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "objects below %g pixels at a zoom of %g: neither may be negative, "
                                "nor the zoom 0",
                                options->object_below, options->zoom);
    GaclipDatasetSource *source = calloc(1, sizeof *source);
    if (!source) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    source->dataset = dataset;
    source->object_share = options->object_share;
    source->object_below = options->object_below;
    source->zoom = options->zoom;
    int status = fill_source(source, options, err);
    if (status) {
        gaclip_dataset_source_free(source);
        return status;
    }
    *out = source;
    return GACLIP_OK;
}

void gaclip_dataset_source_free(GaclipDatasetSource *source)
{
    if (!source) return;
    gaclip_image_cache_free(source->own_cache);
    gaclip__pool_free(&source->texts);
    free(source->images);
    free(source->details);
    free(source);
}

int gaclip_dataset_source_image(const GaclipDatasetSource *source, int index)
{
    return source->images[index];
}

/* Zoom by which the asked window becomes the one that is cut out: its shape stays. */
static double choose_zoom(const GaclipDatasetSource *source, const GaclipDatasetImage *image,
                          double largest, uint64_t *state)
{
    double share = SMALLEST_CAPTIONED + (1 - SMALLEST_CAPTIONED) * gaclip__chance_uniform(state);
    int is_whole = gaclip__chance_uniform(state) < 0.5;
    if ((!image->caption_count && !image->detailed) || (image->region_count && !is_whole))
        return fmin(1 / source->zoom, largest);
    return largest < 1 ? largest : fmax(1, largest * share);
}

static double place(double low, double high, double length, int side, uint64_t *state)
{
    double start = high > low ? gaclip__window_around(low, high, length, state)
                              : gaclip__chance_uniform(state) * (side - length + 1);
    return floor(fmin(fmax(start, 0), side - length));
}

/* An object to be shown, or NULL: the window lies anywhere. */
static const double *random_object(const GaclipDatasetSource *source,
                                   const GaclipDatasetImage *image, int image_width,
                                   int image_height, uint64_t *state)
{
    int is_wanted = gaclip__chance_uniform(state) < source->object_share;
    int count = count_below(image, image_width, image_height, source->object_below);
    if (!is_wanted || !count) return NULL;
    int chosen = gaclip__chance_below(state, count), i = 0;
    while (!is_below(&image->regions[i], image_width, image_height, source->object_below) ||
           chosen-- > 0)
        i++;
    return image->regions[i].box;
}

static GaclipSampleWindow choose_window(const GaclipDatasetSource *source,
                                        const GaclipDatasetImage *image, int image_width,
                                        int image_height, int width, int height, uint64_t *state)
{
    static const double NOWHERE[4] = {0};
    double largest = fmin((double)image_width / width, (double)image_height / height);
    double zoom = choose_zoom(source, image, largest, state);
    int w = (int)fmin(fmax(round(width * zoom), 1), image_width);
    int h = (int)fmin(fmax(round(height * zoom), 1), image_height);
    const double *object = random_object(source, image, image_width, image_height, state);
    const double *box = object ? object : NOWHERE;
    double x = place(box[0] * image_width, box[2] * image_width, w, image_width, state);
    double y = place(box[1] * image_height, box[3] * image_height, h, image_height, state);
    return (GaclipSampleWindow){x, y, w, h, w, h};
}

/* One of the region's names; the first where state is NULL. */
static const char *name_region(const GaclipDatasetRegion *region, const GaclipDatasetClass *c,
                               uint64_t *state)
{
    if (region->phrase || !c) return region->phrase;
    int chosen = state ? gaclip__chance_below(state, 1 + c->synonym_count) : 0;
    return chosen ? c->synonyms[chosen - 1] : c->name;
}

/* To learn from (a state is given), an object of a class such as "other" has no name. */
static int list_regions(GaclipSample *sample, const GaclipDatasetSource *source,
                        const GaclipDatasetImage *image, int image_width, int image_height,
                        const GaclipSampleWindow *window, uint64_t *state, GaclipError *err)
{
    sample->regions = calloc((size_t)image->region_count + 1, sizeof *sample->regions);
    if (!sample->regions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < image->region_count; i++) {
        const GaclipDatasetRegion *r = &image->regions[i];
        GaclipSampleRegion *out = &sample->regions[sample->region_count];
        const GaclipDatasetClass *c =
            r->class_index < 0 ? NULL : gaclip_dataset_class_at(source->dataset, r->class_index);
        int is_named = !state || !c || gaclip__is_spoken(c->name);
        double box[4] = {r->box[0] * image_width, r->box[1] * image_height, r->box[2] * image_width,
                         r->box[3] * image_height};
        if (!gaclip__window_show(&out->box, box, window)) continue;
        out->phrase = is_named ? name_region(r, c, state) : NULL;
        out->concept = is_named && c ? c->name : NULL;
        out->description = r->description;
        out->negatives = r->negatives;
        out->negative_count = r->negative_count;
        out->is_object = r->is_object;
        out->is_difficult = r->is_difficult;
        sample->region_count++;
    }
    return GACLIP_OK;
}

static GaclipSample start_sample(const GaclipDatasetImage *image, const char *detailed)
{
    return (GaclipSample){.captions = image->captions,
                          .caption_count = image->caption_count,
                          .detailed = detailed,
                          .scene = image->scene,
                          .is_annotated = image->is_annotated,
                          .name = image->path};
}

/* A caption may count what a window leaves out or cuts. */
static void drop_untrue_captions(GaclipSample *sample, const GaclipDatasetImage *image,
                                 int image_width, int image_height, const GaclipSampleWindow *w)
{
    int shows_all = 1;
    for (int i = 0; i < image->region_count && shows_all; i++) {
        const double *b = image->regions[i].box;
        shows_all = b[0] * image_width >= w->x - 0.5 && b[1] * image_height >= w->y - 0.5 &&
                    b[2] * image_width <= w->x + w->width + 0.5 &&
                    b[3] * image_height <= w->y + w->height + 0.5;
    }
    if (shows_all) return;
    sample->captions = NULL;
    sample->caption_count = 0;
    sample->detailed = NULL;
}

/* Cuts a window out of the file, of which only a part is read. */
static int read_large(GaclipImage *out, const GaclipDatasetImage *image,
                      const GaclipSampleWindow *w, GaclipError *err)
{
    GaclipRaster *raster;
    int status = gaclip__dataset_open_raster(&raster, image, err);
    if (status) return status;
    status = gaclip__dataset_read_window(out, raster, image, (int)w->x, (int)w->y, w->out_width,
                                         w->out_height, err);
    gaclip_raster_close(raster);
    return status;
}

static int next_sample(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                       GaclipError *err)
{
    const GaclipDatasetSource *source = payload;
    int chosen = gaclip__chance_below(&random, source->count), status = GACLIP_OK;
    const GaclipDatasetImage *image =
        gaclip_dataset_image_at(source->dataset, source->images[chosen]);
    int is_large = gaclip__image_cache_is_too_large(source->cache, image);
    const GaclipImage *whole = NULL;
    *out = start_sample(image, source->details[chosen]);
    if (!is_large) status = gaclip__image_cache_take(&whole, source->cache, image, err);
    if (status) return status;
    int image_width = whole ? whole->width : image->width;
    int image_height = whole ? whole->height : image->height;
    GaclipSampleWindow w =
        choose_window(source, image, image_width, image_height, width, height, &random);
    if (whole) {
        status = gaclip_image_crop(&out->image, whole, (int)w.x, (int)w.y, w.out_width,
                                   w.out_height, err);
        gaclip__image_cache_give_back(source->cache, image);
    } else {
        status = read_large(&out->image, image, &w, err);
    }
    if (!status)
        status = list_regions(out, source, image, image_width, image_height, &w, &random, err);
    if (!status) drop_untrue_captions(out, image, image_width, image_height, &w);
    if (status) gaclip_sample_clear(out);
    return status;
}

static int sample_at(GaclipSample *out, void *payload, int index, GaclipError *err)
{
    const GaclipDatasetSource *source = payload;
    if (index < 0 || index >= source->count)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "sample %d is not among the %d", index,
                                source->count);
    const GaclipDatasetImage *image =
        gaclip_dataset_image_at(source->dataset, source->images[index]);
    *out = start_sample(image, source->details[index]);
    int status = gaclip_dataset_read_image(&out->image, image, err);
    if (status) return status;
    int width = out->image.width, height = out->image.height;
    GaclipSampleWindow all = {0, 0, width, height, width, height};
    status = list_regions(out, source, image, width, height, &all, NULL, err);
    if (status) gaclip_sample_clear(out);
    return status;
}

GaclipSampleSource gaclip_dataset_source_view(GaclipDatasetSource *source)
{
    return (GaclipSampleSource){
        .next = next_sample, .payload = source, .at = sample_at, .count = source->count};
}
