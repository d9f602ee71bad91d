#include "tile_scan.h"

#include <stdlib.h>

#include "tile_reader.h"

/* Whether an edge of the tile that is none of the area may have cut the box. */
static int is_cut_by_tile(const GaclipBox *box, const GaclipTile *tile)
{
    return (tile->inner_left && box->x1 < GACLIP_CUT_DISTANCE) ||
           (tile->inner_top && box->y1 < GACLIP_CUT_DISTANCE) ||
           (tile->inner_right && box->x2 > (float)tile->width - GACLIP_CUT_DISTANCE) ||
           (tile->inner_bottom && box->y2 > (float)tile->height - GACLIP_CUT_DISTANCE);
}

static GaclipFound place_in_scene(const GaclipDetection *d, const GaclipTile *tile, int index)
{
    return (GaclipFound){.x1 = tile->x + (double)d->box.x1,
                         .y1 = tile->y + (double)d->box.y1,
                         .x2 = tile->x + (double)d->box.x2,
                         .y2 = tile->y + (double)d->box.y2,
                         .class_index = d->class_index,
                         .score = d->score,
                         .objectness = d->objectness,
                         .probability = d->probability,
                         .similarity = d->similarity,
                         .column = tile->column,
                         .row = tile->row,
                         .index = index,
                         .is_cut = d->is_cut || is_cut_by_tile(&d->box, tile)};
}

static int detect_tile(GaclipTileBoxes *out, GaclipDetector *detector, const GaclipTile *tile,
                       const GaclipImage *image, GaclipError *err)
{
    GaclipDetection *detections;
    *out = (GaclipTileBoxes){.is_empty = image->rgb == NULL};
    if (out->is_empty) return GACLIP_OK;
    int status =
        gaclip_detect_unmerged(&detections, &out->count, &out->windows, detector, image, err);
    if (status) return status;
    out->items = malloc(((size_t)out->count + 1) * sizeof *out->items);
    if (!out->items) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < out->count && !status; i++)
        out->items[i] = place_in_scene(&detections[i], tile, i);
    free(detections);
    return status;
}

int gaclip__scan_tiles(GaclipRaster *raster, GaclipDetector *detector, const GaclipTilePlan *plan,
                       const int *tiles, int count, GaclipTileVisit *visit, void *payload,
                       GaclipError *err)
{
    GaclipTileReader *reader;
    int status = gaclip__tile_reader_new(&reader, raster, plan, tiles, count, err);
    if (status) return status;
    for (int i = 0; i < count && !status; i++) {
        GaclipTile tile;
        GaclipImage image = {0};
        GaclipTileBoxes boxes = {0};
        status = gaclip__tile_reader_next(&tile, &image, reader, err);
        if (!status) status = detect_tile(&boxes, detector, &tile, &image, err);
        gaclip_image_clear(&image);
        if (!status) status = visit(&boxes, tiles ? tiles[i] : i, i + 1, payload, err);
        free(boxes.items);
    }
    gaclip__tile_reader_free(reader);
    return status;
}
