/* Reading both sides, on all threads. */
#include <stdlib.h>
#include <string.h>

#include "leakage.h"

enum { CHUNK = 128 };

int gaclip__leakage_progress(GaclipLeakageProgress *p, int done, GaclipError *err)
{
    if (!gaclip__leakage_on_progress(done, 0, p)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED, "stopped before all was compared");
}

int gaclip__leakage_on_progress(int done, int total, void *payload)
{
    const GaclipLeakageProgress *p = payload;
    (void)total;
    if (!p->events || !p->events->progress) return 0;
    return p->events->progress(p->before + done, p->total, p->events->payload);
}

int gaclip__leakage_open(GaclipLeakageImages *out, const GaclipLeakageSide *side, const char *role,
                         GaclipError *err)
{
    GaclipDatasetSourceOptions options;
    gaclip_dataset_source_options_init(&options);
    options.split = side->split;
    *out = (GaclipLeakageImages){.dataset = side->dataset};
    int status = gaclip_dataset_source_new(&out->source, side->dataset, &options, err);
    if (status) {
        gaclip_error_prefix(err, "%s", role);
        return status;
    }
    out->view = gaclip_dataset_source_view(out->source);
    out->count = out->view.count;
    size_t count = (size_t)out->count;
    out->index = malloc(count * sizeof *out->index);
    out->fingerprints = calloc(count, sizeof *out->fingerprints);
    out->pixels = calloc(count, sizeof *out->pixels);
    out->files = calloc(count, sizeof *out->files);
    if (!out->index || !out->fingerprints || !out->pixels || !out->files)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for %d images",
                                out->count);
    for (int i = 0; i < out->count; i++)
        out->index[i] = gaclip_dataset_source_image(out->source, i);
    return GACLIP_OK;
}

void gaclip__leakage_close(GaclipLeakageImages *images)
{
    for (int i = 0; i < images->count && images->fingerprints; i++)
        gaclip_fingerprint_free(images->fingerprints[i]);
    gaclip_dataset_source_free(images->source);
    free(images->index);
    free(images->fingerprints);
    free(images->pixels);
    free(images->files);
    *images = (GaclipLeakageImages){0};
}

/* A part of the images; what went wrong with each. */
typedef struct Reading {
    GaclipLeakageImages *images;
    int first;
    int has_file[CHUNK];
    GaclipError *errors; /* (CHUNK) */
} Reading;

/* Of windows in one raster the file says nothing. */
static void read_one(int index, int worker, void *payload)
{
    Reading *r = payload;
    int i = r->first + index;
    GaclipLeakageImages *images = r->images;
    const GaclipDatasetImage *image = gaclip_dataset_image_at(images->dataset, images->index[i]);
    GaclipError *err = &r->errors[index];
    GaclipImage pixels;
    (void)worker;
    images->pixels[i].image = images->files[i].image = i;
    r->has_file[index] = !image->is_window && gaclip__digest_file(&images->files[i], image->path);
    if (gaclip_dataset_read_image(&pixels, image, err)) return;
    gaclip__digest_pixels(&images->pixels[i], &pixels);
    gaclip_fingerprint_new(&images->fingerprints[i], &pixels, err);
    gaclip_image_clear(&pixels);
}

static int read_chunk(Reading *r, int count, GaclipCompute *compute, GaclipError *err)
{
    memset(r->errors, 0, (size_t)count * sizeof *r->errors);
    gaclip_compute_run(compute, count, read_one, r);
    for (int i = 0; i < count; i++) {
        if (r->errors[i].status) {
            if (err) *err = r->errors[i];
            return r->errors[i].status;
        }
        if (r->has_file[i])
            r->images->files[r->images->file_count++] = r->images->files[r->first + i];
    }
    return GACLIP_OK;
}

int gaclip__leakage_read(GaclipLeakageImages *images, GaclipCompute *compute,
                         GaclipLeakageProgress *progress, GaclipError *err)
{
    Reading r = {.images = images, .errors = malloc(CHUNK * sizeof *r.errors)};
    int status = GACLIP_OK;
    if (!r.errors) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (; r.first < images->count && !status; r.first += CHUNK) {
        int left = images->count - r.first, count = left < CHUNK ? left : CHUNK;
        status = read_chunk(&r, count, compute, err);
        if (!status) status = gaclip__leakage_progress(progress, r.first + count, err);
    }
    progress->before += images->count;
    free(r.errors);
    return status;
}
