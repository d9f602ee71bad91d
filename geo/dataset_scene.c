/* A raster and a vector layer as a dataset of windows. */
#include <cpl_conv.h>
#include <math.h>
#include <string.h>

#include "dataset.h"
#include "sample_window.h"

enum { DEFAULT_WINDOW = 512 };

/* Objects of which a window shows less are neither to be found in it nor to be overlooked. */
static const double LEAST_SHOWN = 0.75;

void gaclip_dataset_scene_options_init(GaclipDatasetSceneOptions *options)
{
    *options = (GaclipDatasetSceneOptions){.is_annotated = 1};
    gaclip_annotation_options_init(&options->annotations);
}

/* What is cut up. */
typedef struct Scene {
    GaclipDataset *dataset;
    GaclipRaster *raster;
    GaclipAnnotations *annotations;
    const GaclipDatasetSceneOptions *options;
} Scene;

static void place(GaclipDatasetImage *image, const GaclipRasterInfo *info)
{
    if (info->has_crs) image->crs = strchr(info->crs_name, ':') ? info->crs_name : info->crs_wkt;
    image->gsd = sqrt(info->gsd_x * info->gsd_y);
    image->has_geotransform = info->has_geotransform;
    if (!info->has_geotransform) return;
    const double *g = info->geotransform;
    memcpy(image->geotransform, g, sizeof image->geotransform);
    image->geotransform[0] += image->x * g[1] + image->y * g[2];
    image->geotransform[3] += image->x * g[4] + image->y * g[5];
}

/* box in pixels of the raster, shown in shares of the window's sides. */
static double share_shown(const double box[4], const GaclipBox *shown,
                          const GaclipDatasetImage *window)
{
    double area = (box[2] - box[0]) * (box[3] - box[1]);
    double width = ((double)shown->x2 - (double)shown->x1) * window->width;
    double height = ((double)shown->y2 - (double)shown->y1) * window->height;
    return area > 0 ? width * height / area : 1;
}

static int add_regions(const Scene *scene, int index, GaclipError *err)
{
    const GaclipDatasetImage image = scene->dataset->images[index];
    GaclipSampleWindow unit = {image.x, image.y, image.width, image.height, 1, 1};
    int status = GACLIP_OK;
    for (int i = 0; i < gaclip_annotations_count(scene->annotations) && !status; i++) {
        const GaclipAnnotation *a = gaclip_annotations_at(scene->annotations, i);
        double box[4] = {a->box.x1, a->box.y1, a->box.x2, a->box.y2};
        GaclipDatasetRegion region = {.is_object = 1};
        GaclipBox shown;
        if (!gaclip__window_show(&shown, box, &unit)) continue;
        region.box[0] = shown.x1;
        region.box[1] = shown.y1;
        region.box[2] = shown.x2;
        region.box[3] = shown.y2;
        region.is_difficult = share_shown(box, &shown, &image) < LEAST_SHOWN;
        status = gaclip__dataset_class(&region.class_index, scene->dataset, a->label, err);
        if (!status) status = gaclip__dataset_add_region(scene->dataset, index, &region, err);
    }
    return status;
}

static int add_window(const Scene *scene, int x, int y, int width, int height, GaclipError *err)
{
    const GaclipRasterInfo *info = gaclip_raster_info(scene->raster);
    const GaclipDatasetSceneOptions *o = scene->options;
    int index;
    if (!gaclip_raster_has_data(scene->raster, x, y, width, height)) return GACLIP_OK;
    GaclipDatasetImage image = {.path = info->name,
                                .is_window = 1,
                                .x = x,
                                .y = y,
                                .width = width,
                                .height = height,
                                .split = o->split,
                                .source = o->source ? o->source : CPLGetBasename(info->name),
                                .licence = o->licence,
                                .is_annotated = o->is_annotated};
    place(&image, info);
    int status = gaclip__dataset_add_image(&index, scene->dataset, &image, err);
    return status ? status : add_regions(scene, index, err);
}

/* Start of part i of a length that is cut into count parts as equal as pixels allow. */
static int start_of(int length, int count, int i)
{
    return (int)((long long)length * i / count);
}

static int add_windows(const Scene *scene, GaclipError *err)
{
    const GaclipRasterInfo *info = gaclip_raster_info(scene->raster);
    int side = scene->options->window > 0 ? scene->options->window : DEFAULT_WINDOW;
    int columns = (info->width + side - 1) / side, rows = (info->height + side - 1) / side;
    int status = GACLIP_OK;
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns && !status; column++) {
            int x = start_of(info->width, columns, column), y = start_of(info->height, rows, row);
            status = add_window(scene, x, y, start_of(info->width, columns, column + 1) - x,
                                start_of(info->height, rows, row + 1) - y, err);
        }
    return status;
}

int gaclip_dataset_read_scene(GaclipDataset *dataset, const char *raster, const char *annotations,
                              const GaclipDatasetSceneOptions *options, GaclipError *err)
{
    Scene scene = {.dataset = dataset, .options = options};
    GaclipRasterOptions raster_options;
    gaclip_raster_options_init(&raster_options);
    raster_options.gsd = options->gsd;
    int status = gaclip_raster_open(&scene.raster, raster, &raster_options, err);
    if (!status)
        status = gaclip_annotations_open(&scene.annotations, annotations, scene.raster,
                                         &options->annotations, err);
    if (!status) status = add_windows(&scene, err);
    gaclip_annotations_free(scene.annotations);
    gaclip_raster_close(scene.raster);
    return status;
}
