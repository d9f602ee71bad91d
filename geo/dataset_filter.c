/* The quality filter: which images are worth learning from. */
#include <stdlib.h>

#include "dataset.h"
#include "dataset_events.h"
#include "pixel_facts.h"
#include "scene_claims.h"

void gaclip_dataset_filter_options_init(GaclipDatasetFilterOptions *options)
{
    *options = (GaclipDatasetFilterOptions){.min_brightness = 15,
                                            .max_brightness = 240,
                                            .min_sharpness = 15,
                                            .min_texture = 5,
                                            .min_content = 0.5,
                                            .max_coverage = 0.75};
}

/* Reports the first threshold that the image misses; 1 where there is one. */
static int is_rejected(const GaclipDatasetImage *image, int index, const GaclipPixelFacts *facts,
                       const GaclipDatasetFilterOptions *o, const GaclipDatasetEvents *events)
{
    const struct {
        const char *name;
        double value, low, high;
    } RULES[] = {{"content", facts->content, o->min_content, 2},
                 {"brightness", facts->brightness, o->min_brightness, o->max_brightness},
                 {"texture", facts->texture, o->min_texture, 1e9},
                 {"sharpness", facts->sharpness, o->min_sharpness, 1e9},
                 {"coverage", gaclip__coverage(image), 0, o->max_coverage}};
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
        if (RULES[i].value >= RULES[i].low && RULES[i].value <= RULES[i].high) continue;
        int is_low = RULES[i].value < RULES[i].low;
        gaclip__dataset_found(events, image, index, -1, "left out: %s %.3g is %s %g", RULES[i].name,
                              RULES[i].value, is_low ? "below" : "above",
                              is_low ? RULES[i].low : RULES[i].high);
        return 1;
    }
    return 0;
}

int gaclip_dataset_filter(int *removed, GaclipDataset *dataset,
                          const GaclipDatasetFilterOptions *options,
                          const GaclipDatasetEvents *events, GaclipError *err)
{
    int kept = 0, total = dataset->image_count, status = GACLIP_OK;
    for (int i = 0; i < total; i++) {
        GaclipDatasetImage *image = &dataset->images[i];
        GaclipImage pixels;
        GaclipPixelFacts facts;
        int is_out = 0;
        if (!status) status = gaclip__dataset_progress(events, i, total, err);
        if (!status) status = gaclip_dataset_read_image(&pixels, image, err);
        if (!status) {
            gaclip__pixel_facts(&facts, &pixels);
            gaclip_image_clear(&pixels);
            is_out = is_rejected(image, i, &facts, options, events);
        }
        if (is_out)
            gaclip__dataset_forget_image(image);
        else
            dataset->images[kept++] = *image;
    }
    dataset->image_count = kept;
    *removed = total - kept;
    return status;
}
