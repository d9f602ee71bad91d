#include "gaclip/mosaic_source.h"

#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "full_mask.h"
#include "mosaic_cells.h"

enum { LARGEST_GRID = 8 };

struct GaclipMosaicSource {
    GaclipSampleSource captions;
    GaclipMosaicOptions options;
};

void gaclip_mosaic_options_init(GaclipMosaicOptions *options)
{
    *options = (GaclipMosaicOptions){.smallest_grid = 2, .largest_grid = 3, .mixed_share = 0.5};
}

int gaclip_mosaic_source_new(GaclipMosaicSource **out, const GaclipSampleSource *captions,
                             const GaclipMosaicOptions *options, GaclipError *err)
{
    *out = NULL;
    if (options->smallest_grid < 1 || options->largest_grid > LARGEST_GRID ||
        options->smallest_grid > options->largest_grid)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "mosaics of %d to %d cells a side: give 1 to %d",
                                options->smallest_grid, options->largest_grid, LARGEST_GRID);
    if (!(options->mixed_share >= 0 && options->mixed_share <= 1))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "share %g of mixed mosaics: give 0..1",
                                options->mixed_share);
    GaclipMosaicSource *source = calloc(1, sizeof *source);
    if (!source) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    source->captions = *captions;
    source->options = *options;
    *out = source;
    return GACLIP_OK;
}

void gaclip_mosaic_source_free(GaclipMosaicSource *source)
{
    free(source);
}

static int choose_cells(GaclipMosaicCell cells[GACLIP__MOST_CELLS], const GaclipMosaicOptions *o,
                        int width, int height, uint64_t *state)
{
    int is_mixed = gaclip__chance_uniform(state) < o->mixed_share;
    int side =
        o->smallest_grid + gaclip__chance_below(state, o->largest_grid - o->smallest_grid + 1);
    /* As many cells as a grid has, and up to a side's more or less. */
    int count = side * side - side / 2 + gaclip__chance_below(state, side);
    return is_mixed ? gaclip__mosaic_mixed(cells, width, height, count, state)
                    : gaclip__mosaic_grid(cells, width, height, side);
}

static void paste(GaclipImage *out, const GaclipImage *part, const GaclipMosaicCell *cell)
{
    for (int row = 0; row < cell->height; row++) {
        size_t to = (size_t)(cell->y + row) * (size_t)out->width + (size_t)cell->x;
        size_t from = (size_t)row * (size_t)part->width, count = (size_t)part->width;
        memcpy(out->rgb + 3 * to, part->rgb + 3 * from, 3 * count);
        if (part->mask)
            memcpy(out->mask + to, part->mask + from, count);
        else
            memset(out->mask + to, 255, count);
    }
}

static void describe(GaclipSample *out, const GaclipSample *part, const GaclipMosaicCell *cell,
                     uint64_t *state)
{
    if (!part->caption_count) return;
    out->regions[out->region_count++] = (GaclipSampleRegion){
        .box = {(float)cell->x, (float)cell->y, (float)(cell->x + cell->width),
                (float)(cell->y + cell->height)},
        .description = part->captions[gaclip__chance_below(state, part->caption_count)]};
}

static int fill_cell(GaclipSample *out, const GaclipMosaicSource *source,
                     const GaclipMosaicCell *cell, uint64_t *state, GaclipError *err)
{
    GaclipSample part;
    GaclipImage resized;
    int status = source->captions.next(&part, source->captions.payload, gaclip__chance_next(state),
                                       cell->width, cell->height, err);
    if (status) return status;
    status = gaclip_image_resize(&resized, &part.image, cell->width, cell->height, err);
    if (!status) {
        paste(&out->image, &resized, cell);
        describe(out, &part, cell, state);
        gaclip_image_clear(&resized);
    }
    if (!out->name) out->name = part.name;
    gaclip_sample_clear(&part);
    return status;
}

static int next_sample(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                       GaclipError *err)
{
    const GaclipMosaicSource *source = payload;
    GaclipMosaicCell cells[GACLIP__MOST_CELLS];
    *out = (GaclipSample){0};
    int status = gaclip_image_init(&out->image, width, height, 1, err);
    if (status) return status;
    int count = choose_cells(cells, &source->options, width, height, &random);
    out->regions = calloc((size_t)count, sizeof *out->regions);
    if (!out->regions) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count && !status; i++)
        status = fill_cell(out, source, &cells[i], &random, err);
    if (status)
        gaclip_sample_clear(out);
    else
        gaclip__drop_full_mask(&out->image);
    return status;
}

GaclipSampleSource gaclip_mosaic_source_view(GaclipMosaicSource *source)
{
    return (GaclipSampleSource){.next = next_sample, .payload = source};
}
