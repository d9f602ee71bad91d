#include "result_cache.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "gdal_error.h"
#include "temporary_file.h"

static const char MAGIC[8] = {'G', 'A', 'C', 'L', 'I', 'P', 'B', '1'};
enum { BOX_BYTES = 56, TILE_BYTES = 16, LONGEST_KEY = 1 << 24 };
static const GIntBig LARGEST_FILE = (GIntBig)1 << 32;

/* A whole file in memory, and how far it was read or written. */
typedef struct Bytes {
    unsigned char *data;
    size_t size, at;
} Bytes;

static size_t left(const Bytes *b)
{
    return b->size - b->at;
}

static uint32_t get_u32(Bytes *b)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value |= (uint32_t)b->data[b->at++] << (8 * i);
    return value;
}

static double get_f64(Bytes *b)
{
    uint64_t low = get_u32(b), bits = low | (uint64_t)get_u32(b) << 32;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float get_f32(Bytes *b)
{
    uint32_t bits = get_u32(b);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void put_u32(Bytes *b, uint32_t value)
{
    for (int i = 0; i < 4; i++) b->data[b->at++] = (unsigned char)(value >> (8 * i));
}

static void put_f64(Bytes *b, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(b, (uint32_t)bits);
    put_u32(b, (uint32_t)(bits >> 32));
}

static void put_f32(Bytes *b, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(b, bits);
}

static uint32_t checksum(const unsigned char *data, size_t size)
{
    uLong sum = crc32(0, NULL, 0);
    for (size_t at = 0; at < size;) {
        size_t piece = size - at < UINT32_MAX ? size - at : UINT32_MAX;
        sum = crc32(sum, data + at, (uInt)piece);
        at += piece;
    }
    return (uint32_t)sum;
}

/* Reads the file and its key; false where it is no whole cache. The caller frees both. */
static int ingest(Bytes *b, char **key, const char *path)
{
    GByte *data = NULL;
    vsi_l_offset size = 0;
    *key = NULL;
    gaclip__gdal_quiet_begin();
    int found = VSIIngestFile(NULL, path, &data, &size, LARGEST_FILE);
    gaclip__gdal_quiet_end();
    if (!found) return 0;
    *b = (Bytes){data, (size_t)size, sizeof MAGIC};
    if (b->size < sizeof MAGIC + 16 || memcmp(data, MAGIC, sizeof MAGIC)) return 0;
    b->size -= 4;
    Bytes end = {data, (size_t)size, b->size};
    if (get_u32(&end) != checksum(data, b->size)) return 0;
    uint32_t length = get_u32(b);
    if (length > LONGEST_KEY || left(b) < (size_t)length + 8) return 0;
    *key = strndup((const char *)data + b->at, length);
    b->at += length;
    return *key != NULL;
}

char *gaclip__cache_key(const char *path)
{
    Bytes bytes = {0};
    char *key;
    if (!ingest(&bytes, &key, path)) {
        free(key);
        key = NULL;
    }
    VSIFree(bytes.data);
    return key;
}

/* Whether a box is one that the detector could have seen there. */
static int is_sane(const GaclipFound *f, const GaclipTile *tile, int class_count)
{
    double sum = f->x1 + f->y1 + f->x2 + f->y2 +
                 (double)(f->score + f->objectness + f->probability + f->similarity);
    return isfinite(sum) && f->class_index >= 0 && f->class_index < class_count && f->x1 < f->x2 &&
           f->y1 < f->y2 && f->x1 >= tile->x && f->y1 >= tile->y &&
           f->x2 <= (double)tile->x + tile->width && f->y2 <= (double)tile->y + tile->height;
}

static int read_boxes(GaclipTileBoxes *out, Bytes *b, const GaclipTile *tile, int class_count)
{
    out->items = malloc(((size_t)out->count + 1) * sizeof *out->items);
    for (int i = 0; i < out->count && out->items; i++) {
        GaclipFound f = {.column = tile->column, .row = tile->row, .index = i};
        f.x1 = get_f64(b);
        f.y1 = get_f64(b);
        f.x2 = get_f64(b);
        f.y2 = get_f64(b);
        uint32_t class_index = get_u32(b);
        f.class_index = class_index < INT32_MAX ? (int)class_index : -1;
        f.score = get_f32(b);
        f.objectness = get_f32(b);
        f.probability = get_f32(b);
        f.similarity = get_f32(b);
        f.is_cut = get_u32(b) != 0;
        if (!is_sane(&f, tile, class_count)) return 0;
        out->items[i] = f;
    }
    return out->items != NULL;
}

static int read_tile(GaclipTileStore *store, Bytes *b, int class_count)
{
    if (left(b) < TILE_BYTES) return 0;
    uint32_t index = get_u32(b), count = get_u32(b), windows = get_u32(b), is_empty = get_u32(b);
    if (index >= (uint32_t)store->tile_count || count > left(b) / BOX_BYTES || windows > INT32_MAX)
        return 0;
    GaclipTile tile = gaclip__tile_at(&store->plan, (int)index);
    GaclipTileBoxes boxes = {
        .count = (int)count, .windows = (int)windows, .is_empty = is_empty != 0};
    int is_read = read_boxes(&boxes, b, &tile, class_count);
    if (is_read) gaclip__store_put(store, (int)index, &boxes);
    free(boxes.items);
    return is_read;
}

int gaclip__cache_read(GaclipTileStore *store, const char *path, const char *key, int class_count)
{
    Bytes bytes = {0};
    char *found;
    int is_read = ingest(&bytes, &found, path) && !strcmp(found, key) &&
                  get_u32(&bytes) == (uint32_t)store->tile_count;
    if (is_read)
        for (uint32_t known = get_u32(&bytes); known > 0 && is_read; known--)
            is_read = read_tile(store, &bytes, class_count);
    free(found);
    VSIFree(bytes.data);
    return is_read;
}

static size_t size_of(const GaclipTileStore *store, const char *key)
{
    size_t size = sizeof MAGIC + 4 + strlen(key) + 8 + 4;
    for (int i = 0; i < store->tile_count; i++)
        if (store->tiles[i].is_known)
            size += TILE_BYTES + (size_t)store->tiles[i].count * BOX_BYTES;
    return size;
}

static void put_tile(Bytes *b, int index, const GaclipStoredTile *tile)
{
    put_u32(b, (uint32_t)index);
    put_u32(b, (uint32_t)tile->count);
    put_u32(b, (uint32_t)tile->windows);
    put_u32(b, (uint32_t)tile->is_empty);
    for (int i = 0; i < tile->count; i++) {
        const GaclipFound *f = &tile->items[i];
        put_f64(b, f->x1);
        put_f64(b, f->y1);
        put_f64(b, f->x2);
        put_f64(b, f->y2);
        put_u32(b, (uint32_t)f->class_index);
        put_f32(b, f->score);
        put_f32(b, f->objectness);
        put_f32(b, f->probability);
        put_f32(b, f->similarity);
        put_u32(b, (uint32_t)f->is_cut);
    }
}

static void put_store(Bytes *b, const GaclipTileStore *store, const char *key)
{
    memcpy(b->data, MAGIC, sizeof MAGIC);
    b->at = sizeof MAGIC;
    put_u32(b, (uint32_t)strlen(key));
    memcpy(b->data + b->at, key, strlen(key));
    b->at += strlen(key);
    put_u32(b, (uint32_t)store->tile_count);
    put_u32(b, (uint32_t)store->known);
    for (int i = 0; i < store->tile_count; i++)
        if (store->tiles[i].is_known) put_tile(b, i, &store->tiles[i]);
    put_u32(b, checksum(b->data, b->at));
}

/* A file in an archive cannot be renamed: every write would leave another one there. */
static int is_in_archive(const char *path)
{
    static const char *const ARCHIVES[] = {"/vsizip/", "/vsitar/", "/vsigzip/", "/vsi7z/",
                                           "/vsirar/"};
    for (size_t i = 0; i < sizeof ARCHIVES / sizeof *ARCHIVES; i++)
        if (STARTS_WITH(path, ARCHIVES[i])) return 1;
    return 0;
}

static int write_file(const char *path, const Bytes *b)
{
    VSILFILE *file = VSIFOpenL(path, "wb");
    if (!file) return -1;
    size_t written = VSIFWriteL(b->data, 1, b->size, file);
    int failed = VSIFCloseL(file);
    return written == b->size && !failed ? 0 : -1;
}

int gaclip__cache_write(const GaclipTileStore *store, const char *path, const char *key,
                        GaclipError *err)
{
    Bytes bytes = {.size = size_of(store, key)};
    if (is_in_archive(path))
        return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: no cache is written into an archive",
                                path);
    bytes.data = malloc(bytes.size);
    if (!bytes.data) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    put_store(&bytes, store, key);
    char *temporary = gaclip__temporary_name(path);
    gaclip__remove_abandoned(path);
    gaclip__gdal_quiet_begin();
    int failed = write_file(temporary, &bytes) || VSIRename(temporary, path);
    if (failed) VSIUnlink(temporary);
    gaclip__gdal_quiet_end();
    CPLFree(temporary);
    free(bytes.data);
    return failed ? gaclip_error_set(err, GACLIP_ERROR_IO, "%s: the cache cannot be written", path)
                  : GACLIP_OK;
}
