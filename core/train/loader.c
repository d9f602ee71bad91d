#include "train/loader.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 4 };

/* A ring: the thread fills slots [filled % SLOTS], the caller takes [taken % SLOTS]; a taken slot
 * stays the caller's until it asks for the next one. */
struct GaclipLoader {
    const GaclipSampleSource *source;
    const GaclipTrainOptions *options;
    const GaclipModelConfig *config;
    long first_step, filled, taken;
    GaclipBatch slots[SLOTS];
    pthread_t thread;
    int started, stop, status;
    GaclipError error;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void *fill_slots(void *argument)
{
    GaclipLoader *loader = argument;
    pthread_mutex_lock(&loader->lock);
    while (!loader->stop && !loader->status) {
        if (loader->filled - loader->taken >= SLOTS - 1) {
            pthread_cond_wait(&loader->changed, &loader->lock);
            continue;
        }
        long number = loader->filled;
        GaclipError error = {0};
        pthread_mutex_unlock(&loader->lock);
        int status = gaclip__batch_fill(&loader->slots[number % SLOTS], loader->source,
                                        loader->options, loader->config,
                                        loader->first_step + number, &error);
        pthread_mutex_lock(&loader->lock);
        loader->status = status;
        loader->error = error;
        if (!status) loader->filled++;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

int gaclip__loader_new(GaclipLoader **out, const GaclipSampleSource *source,
                       const GaclipTrainOptions *options, const GaclipModelConfig *config,
                       long first_step, GaclipError *err)
{
    *out = NULL;
    GaclipLoader *loader = calloc(1, sizeof *loader);
    if (!loader) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    loader->source = source;
    loader->options = options;
    loader->config = config;
    loader->first_step = first_step;
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->changed, NULL);
    int status = GACLIP_OK;
    for (int i = 0; i < SLOTS && !status; i++)
        status = gaclip__batch_init(&loader->slots[i], options->batch_size,
                                    config->vision.image_size, err);
    if (!status && pthread_create(&loader->thread, NULL, fill_slots, loader))
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "cannot start the loader's thread");
    if (status) {
        gaclip__loader_free(loader);
        return status;
    }
    loader->started = 1;
    *out = loader;
    return GACLIP_OK;
}

void gaclip__loader_free(GaclipLoader *loader)
{
    if (!loader) return;
    if (loader->started) {
        pthread_mutex_lock(&loader->lock);
        loader->stop = 1;
        pthread_cond_broadcast(&loader->changed);
        pthread_mutex_unlock(&loader->lock);
        pthread_join(loader->thread, NULL);
    }
    for (int i = 0; i < SLOTS; i++) gaclip__batch_clear(&loader->slots[i]);
    pthread_cond_destroy(&loader->changed);
    pthread_mutex_destroy(&loader->lock);
    free(loader);
}

int gaclip__loader_next(GaclipBatch **batch, GaclipLoader *loader, GaclipError *err)
{
    pthread_mutex_lock(&loader->lock);
    while (loader->filled == loader->taken && !loader->status)
        pthread_cond_wait(&loader->changed, &loader->lock);
    int status = loader->filled == loader->taken ? loader->status : GACLIP_OK;
    if (status) {
        gaclip_error_set(err, status, "%s", loader->error.message);
    } else {
        *batch = &loader->slots[loader->taken % SLOTS];
        loader->taken++;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->lock);
    return status;
}
