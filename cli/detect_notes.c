#include "detect_notes.h"

#include <math.h>
#include <stdio.h>

#include "gaclip/text.h"

/* Times that pixels are enlarged before a user is told. */
static const double COARSE = 2;

static int is_learned(const char *name, const GaclipModel *model)
{
    size_t count = gaclip_model_text_count(model, GACLIP_CLASS_HINTS);
    name = gaclip_model_class_of(model, name);
    for (size_t i = 0; i < count; i++)
        if (gaclip_same_class(name, gaclip_model_text_at(model, GACLIP_CLASS_HINTS, i))) return 1;
    return count == 0;
}

void detect_note_unlearned(const TextList *classes, const int *found, const GaclipModel *model)
{
    for (int i = 0; i < classes->count; i++)
        if (found[i] == 0 && !is_learned(classes->items[i], model))
            fprintf(stderr,
                    "gaclip-detect: NOTE: no \"%s\" found; the model learned boxes of other names "
                    "(gaclip-model info %s lists them)\n",
                    classes->items[i], gaclip_model_path(model));
}

void detect_note_same(const TextList *classes, const GaclipModel *model)
{
    for (int i = 0; i < classes->count; i++) {
        const char *class = gaclip_model_class_of(model, classes->items[i]);
        for (int k = 0; k < i; k++)
            if (gaclip_same_class(class, gaclip_model_class_of(model, classes->items[k])))
                fprintf(stderr,
                        "gaclip-detect: NOTE: \"%s\" and \"%s\" are one class to the model "
                        "(\"%s\"), whose boxes are found for both\n",
                        classes->items[k], classes->items[i], class);
    }
}

void detect_note_repeated(const char *scene, const char *output)
{
    fprintf(stderr,
            "gaclip-detect: NOTE: %s had the boxes of %s already, by the same options, and has "
            "them twice now; --resume passes over what is there\n",
            output, scene);
}

void detect_note_coarse(const char *scene, const GaclipRasterOptions *options)
{
    GaclipRaster *raster;
    GaclipError err = {0};
    GaclipRasterOptions bare = *options;
    bare.scale = "none"; /* which reads no pixels */
    if (gaclip_raster_open(&raster, scene, &bare, &err) != GACLIP_OK) return;
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    double zoom = fmin(info->zoom_x, info->zoom_y);
    if (zoom > COARSE)
        fprintf(stderr,
                "gaclip-detect: NOTE: %s: pixels of %.3g m are enlarged %.3g times, to the %.3g m "
                "that the model knows; it may find nothing, and takes its time\n",
                scene, fmax(info->gsd_x, info->gsd_y), zoom, options->model_gsd_max);
    gaclip_raster_close(raster);
}
