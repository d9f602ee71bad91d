#include "image_cache.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum { BUCKETS = 1 << 14, LARGEST_SHARE = 8 };

typedef struct Entry {
    struct Entry *next_in_bucket;
    struct Entry *newer, *older; /* in the order of use */
    const GaclipDatasetImage *key;
    GaclipImage image;
    int takers;
} Entry;

struct GaclipImageCache {
    pthread_mutex_t lock;
    size_t bytes, most_bytes;
    Entry *newest, *oldest;
    Entry *buckets[BUCKETS];
};

int gaclip_image_cache_new(GaclipImageCache **out, size_t bytes, GaclipError *err)
{
    GaclipImageCache *cache = *out = calloc(1, sizeof *cache);
    if (!cache) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    pthread_mutex_init(&cache->lock, NULL);
    cache->most_bytes = bytes;
    return GACLIP_OK;
}

static Entry **bucket_of(GaclipImageCache *cache, const GaclipDatasetImage *key)
{
    return &cache->buckets[(uintptr_t)key / sizeof *key % BUCKETS];
}

static size_t size_of(const GaclipImage *image)
{
    return (size_t)image->width * (size_t)image->height * (image->mask ? 4 : 3);
}

static void unlink_use(GaclipImageCache *cache, Entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(GaclipImageCache *cache, Entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void forget(GaclipImageCache *cache, Entry *entry)
{
    Entry **link = bucket_of(cache, entry->key);
    while (*link != entry) link = &(*link)->next_in_bucket;
    *link = entry->next_in_bucket;
    unlink_use(cache, entry);
    cache->bytes -= size_of(&entry->image);
    gaclip_image_clear(&entry->image);
    free(entry);
}

void gaclip_image_cache_free(GaclipImageCache *cache)
{
    if (!cache) return;
    while (cache->oldest) forget(cache, cache->oldest);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static void forget_surplus(GaclipImageCache *cache)
{
    for (Entry *entry = cache->oldest; entry && cache->bytes > cache->most_bytes;) {
        Entry *newer = entry->newer;
        if (!entry->takers) forget(cache, entry);
        entry = newer;
    }
}

static Entry *find(GaclipImageCache *cache, const GaclipDatasetImage *key)
{
    Entry *entry = *bucket_of(cache, key);
    while (entry && entry->key != key) entry = entry->next_in_bucket;
    return entry;
}

/* Finds an entry and takes it, under the lock. */
static Entry *take_found(GaclipImageCache *cache, const GaclipDatasetImage *key)
{
    Entry *entry = find(cache, key);
    if (!entry) return NULL;
    unlink_use(cache, entry);
    link_newest(cache, entry);
    entry->takers++;
    return entry;
}

/* Two threads may have decoded the same image: the first one's is kept. */
static Entry *insert(GaclipImageCache *cache, Entry *decoded)
{
    Entry *entry = take_found(cache, decoded->key);
    if (entry) {
        gaclip_image_clear(&decoded->image);
        free(decoded);
        return entry;
    }
    Entry **bucket = bucket_of(cache, decoded->key);
    decoded->next_in_bucket = *bucket;
    decoded->takers = 1;
    *bucket = decoded;
    link_newest(cache, decoded);
    cache->bytes += size_of(&decoded->image);
    forget_surplus(cache);
    return decoded;
}

int gaclip__image_cache_take(const GaclipImage **out, GaclipImageCache *cache,
                             const GaclipDatasetImage *image, GaclipError *err)
{
    pthread_mutex_lock(&cache->lock);
    Entry *entry = take_found(cache, image);
    pthread_mutex_unlock(&cache->lock);
    if (!entry) {
        Entry *decoded = calloc(1, sizeof *decoded);
        if (!decoded) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        decoded->key = image;
        int status = gaclip_dataset_read_image(&decoded->image, image, err);
        if (status) {
            free(decoded);
            return status;
        }
        pthread_mutex_lock(&cache->lock);
        entry = insert(cache, decoded);
        pthread_mutex_unlock(&cache->lock);
    }
    *out = &entry->image;
    return GACLIP_OK;
}

void gaclip__image_cache_give_back(GaclipImageCache *cache, const GaclipDatasetImage *image)
{
    pthread_mutex_lock(&cache->lock);
    Entry *entry = find(cache, image);
    if (entry) entry->takers--;
    forget_surplus(cache);
    pthread_mutex_unlock(&cache->lock);
}

int gaclip__image_cache_is_too_large(const GaclipImageCache *cache, const GaclipDatasetImage *image)
{
    return 3.0 * image->width * image->height > (double)cache->most_bytes / LARGEST_SHARE;
}
