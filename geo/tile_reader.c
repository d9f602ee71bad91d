#include "tile_reader.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <pthread.h>
#include <stdlib.h>

#include "gdal_error.h"

/* Tiles in memory beside the one that the model looks at. */
enum { SLOTS = 3 };

struct GaclipTileReader {
    GaclipRaster *raster;
    const GaclipTilePlan *plan;
    const int *tiles; /* (count) or NULL */
    int count;
    char **config; /* the caller's options of its thread: credentials, say */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    GaclipImage slots[SLOTS];
    int read, taken; /* tiles so far; read - taken slots are full */
    int stop, status;
    GaclipError error;
};

static GaclipTile tile_number(const GaclipTileReader *r, int number)
{
    return gaclip__tile_at(r->plan, r->tiles ? r->tiles[number] : number);
}

static int read_tile(GaclipImage *image, GaclipTileReader *r, int number, GaclipError *err)
{
    const GaclipRasterInfo *info = gaclip_raster_info(r->raster);
    GaclipTile tile = tile_number(r, number);
    double x = tile.x / info->zoom_x, y = tile.y / info->zoom_y;
    double width = tile.width / info->zoom_x, height = tile.height / info->zoom_y;
    *image = (GaclipImage){0};
    if (!gaclip_raster_has_data(r->raster, x, y, width, height)) return GACLIP_OK;
    return gaclip_raster_read(image, r->raster, x, y, width, height, tile.width, tile.height, err);
}

static int wait_for_room(GaclipTileReader *r)
{
    pthread_mutex_lock(&r->lock);
    while (!r->stop && r->read - r->taken == SLOTS) pthread_cond_wait(&r->changed, &r->lock);
    int stop = r->stop;
    pthread_mutex_unlock(&r->lock);
    return !stop;
}

static void hand_over(GaclipTileReader *r, int status)
{
    pthread_mutex_lock(&r->lock);
    r->status = status;
    if (!status) r->read++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void *read_all(void *payload)
{
    GaclipTileReader *r = payload;
    int status = GACLIP_OK;
    CPLSetThreadLocalConfigOptions((const char *const *)r->config);
    gaclip__gdal_quiet_begin();
    for (int i = 0; i < r->count && !status && wait_for_room(r); i++) {
        status = read_tile(&r->slots[i % SLOTS], r, i, &r->error);
        hand_over(r, status);
    }
    gaclip__gdal_quiet_end();
    return NULL;
}

int gaclip__tile_reader_new(GaclipTileReader **out, GaclipRaster *raster,
                            const GaclipTilePlan *plan, const int *tiles, int count,
                            GaclipError *err)
{
    *out = NULL;
    GaclipTileReader *r = calloc(1, sizeof *r);
    if (!r) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    r->raster = raster;
    r->plan = plan;
    r->tiles = tiles;
    r->count = count;
    r->config = CPLGetThreadLocalConfigOptions();
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    if (pthread_create(&r->thread, NULL, read_all, r)) {
        pthread_cond_destroy(&r->changed);
        pthread_mutex_destroy(&r->lock);
        CSLDestroy(r->config);
        free(r);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "no thread can be started");
    }
    *out = r;
    return GACLIP_OK;
}

void gaclip__tile_reader_free(GaclipTileReader *reader)
{
    if (!reader) return;
    pthread_mutex_lock(&reader->lock);
    reader->stop = 1;
    pthread_cond_broadcast(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(reader->thread, NULL);
    for (; reader->taken < reader->read; reader->taken++)
        gaclip_image_clear(&reader->slots[reader->taken % SLOTS]);
    pthread_cond_destroy(&reader->changed);
    pthread_mutex_destroy(&reader->lock);
    CSLDestroy(reader->config);
    free(reader);
}

int gaclip__tile_reader_next(GaclipTile *tile, GaclipImage *image, GaclipTileReader *reader,
                             GaclipError *err)
{
    pthread_mutex_lock(&reader->lock);
    while (reader->taken == reader->read && !reader->status)
        pthread_cond_wait(&reader->changed, &reader->lock);
    int has_tile = reader->taken < reader->read, status = GACLIP_OK;
    if (has_tile) {
        *tile = tile_number(reader, reader->taken);
        *image = reader->slots[reader->taken++ % SLOTS];
        pthread_cond_broadcast(&reader->changed);
    } else {
        status = gaclip_error_set(err, reader->status, "%s", reader->error.message);
    }
    pthread_mutex_unlock(&reader->lock);
    return status;
}
