#include "train/loader.h"

#include <stdlib.h>

/* Batches that may wait, besides those that are being filled and the one that is lent. */
enum { AHEAD = 2, MOST_THREADS = 64 };

typedef struct Slot {
    GaclipBatch batch;
    int is_ready, status;
    GaclipError error;
} Slot;

/* A ring: threads take the next number and fill slot number % slot_count; the caller takes them in
 * order; a taken slot stays the caller's until it asks for the next one. */
struct GaclipLoader {
    GaclipBatchMaker maker;
    long first_step, started, taken; /* numbers given to threads, and to the caller */
    Slot *slots;
    int slot_count, stop, thread_count;
    pthread_t threads[MOST_THREADS];
    pthread_mutex_t lock, source_lock;
    pthread_cond_t changed;
};

int gaclip__loader_slots(const GaclipTrainOptions *options)
{
    return options->loader_threads + AHEAD + 1;
}

static void *fill_slots(void *argument)
{
    GaclipLoader *loader = argument;
    pthread_mutex_lock(&loader->lock);
    while (!loader->stop) {
        if (loader->started - loader->taken >= loader->slot_count - 1) {
            pthread_cond_wait(&loader->changed, &loader->lock);
            continue;
        }
        long number = loader->started++;
        Slot *slot = &loader->slots[number % loader->slot_count];
        pthread_mutex_unlock(&loader->lock);
        slot->status = gaclip__batch_fill(&slot->batch, &loader->maker, loader->first_step + number,
                                          &slot->error);
        pthread_mutex_lock(&loader->lock);
        slot->is_ready = 1;
        loader->stop |= slot->status != GACLIP_OK;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

static int start_threads(GaclipLoader *loader, int count, GaclipError *err)
{
    while (loader->thread_count < count && loader->thread_count < MOST_THREADS) {
        if (pthread_create(&loader->threads[loader->thread_count], NULL, fill_slots, loader))
            return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "cannot start the loader's threads");
        loader->thread_count++;
    }
    return GACLIP_OK;
}

static int make_slots(GaclipLoader *loader, GaclipError *err)
{
    const GaclipModelConfig *config = &loader->maker.model->config;
    loader->slots = calloc((size_t)loader->slot_count, sizeof *loader->slots);
    if (!loader->slots) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = GACLIP_OK;
    for (int i = 0; i < loader->slot_count && !status; i++)
        status = gaclip__batch_init(&loader->slots[i].batch, loader->maker.options->batch_size,
                                    config->vision.image_size, config->text.context_length, err);
    return status;
}

int gaclip__loader_new(GaclipLoader **out, const GaclipModel *model,
                       const GaclipSampleSource *source, const GaclipTrainOptions *options,
                       long first_step, GaclipError *err)
{
    *out = NULL;
    GaclipLoader *loader = calloc(1, sizeof *loader);
    if (!loader) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    loader->maker = (GaclipBatchMaker){model, options, source, &loader->source_lock};
    loader->first_step = first_step;
    loader->slot_count = gaclip__loader_slots(options);
    pthread_mutex_init(&loader->lock, NULL);
    pthread_mutex_init(&loader->source_lock, NULL);
    pthread_cond_init(&loader->changed, NULL);
    int status = make_slots(loader, err);
    if (!status) status = start_threads(loader, options->loader_threads, err);
    if (status) {
        gaclip__loader_free(loader);
        return status;
    }
    *out = loader;
    return GACLIP_OK;
}

void gaclip__loader_free(GaclipLoader *loader)
{
    if (!loader) return;
    pthread_mutex_lock(&loader->lock);
    loader->stop = 1;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->thread_count; i++) pthread_join(loader->threads[i], NULL);
    for (int i = 0; loader->slots && i < loader->slot_count; i++)
        gaclip__batch_clear(&loader->slots[i].batch);
    free(loader->slots);
    pthread_cond_destroy(&loader->changed);
    pthread_mutex_destroy(&loader->source_lock);
    pthread_mutex_destroy(&loader->lock);
    free(loader);
}

int gaclip__loader_next(GaclipBatch **batch, GaclipLoader *loader, GaclipError *err)
{
    pthread_mutex_lock(&loader->lock);
    Slot *slot = &loader->slots[loader->taken % loader->slot_count];
    while (!slot->is_ready) pthread_cond_wait(&loader->changed, &loader->lock);
    int status = slot->status;
    if (status) {
        gaclip_error_set(err, status, "%s", slot->error.message);
    } else {
        slot->is_ready = 0;
        *batch = &slot->batch;
        loader->taken++;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->lock);
    return status;
}
