/* Detection in an image of any size. */
#include <math.h>
#include <stdlib.h>

#include "detect/detector.h"
#include "detect/windows.h"

/* Model windows a pass: enough rows for the matrix products, little enough memory. */
enum { WINDOW_BATCH = 4 };

/* Part of a window that its neighbours at finer scales show too. */
enum { FINER_SHARE = 4 };

/* Times as large as it is an object may look at first. */
static const float SIDE_DOUBT = 1.5f;

typedef struct Scan {
    GaclipDetector *detector;
    const GaclipImage *image, *scaled; /* the latter at the scale that is looked at */
    GaclipDetectionList list;
    GaclipSigns signs;
    GaclipWindow windows[WINDOW_BATCH];
    float *planes;        /* (WINDOW_BATCH, 3, size, size) */
    int overlap, largest; /* of the scale's windows; of its boxes, as GaclipWindow has it */
    int pending, windows_run;
} Scan;

static int flush(Scan *scan, GaclipError *err)
{
    if (!scan->pending) return GACLIP_OK;
    int status =
        gaclip__detect_windows(&scan->list, &scan->signs, scan->detector, scan->windows,
                               scan->pending, scan->planes, scan->scaled, scan->image, err);
    scan->windows_run += scan->pending;
    scan->pending = 0;
    return status;
}

static int has_valid_pixel(const GaclipImage *image)
{
    if (!image->mask) return 1;
    size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < pixels; i++)
        if (image->mask[i]) return 1;
    return 0;
}

/* Whether something showed in that part of the image that a finer scale, whose pixels are so many
 * of the image's, may see whole. */
static int shows_small(const Scan *scan, float x1, float y1, float x2, float y2, float pixel)
{
    return gaclip__signs_smallest(&scan->signs, x1, y1, x2, y2) <=
           SIDE_DOUBT * (float)scan->largest * pixel;
}

/* A window of a finer scale is not always worth looking at. */
static int is_promising(const Scan *scan, int x, int y)
{
    float size = (float)gaclip_detector_window(scan->detector);
    float px = (float)scan->image->width / (float)scan->scaled->width;
    float py = (float)scan->image->height / (float)scan->scaled->height;
    return !scan->largest || shows_small(scan, (float)x * px, (float)y * py, ((float)x + size) * px,
                                         ((float)y + size) * py, fmaxf(px, py));
}

static int add_window(Scan *scan, int x, int y, GaclipError *err)
{
    const GaclipModelConfig *config = &gaclip__proposer(scan->detector)->config;
    int size = config->vision.image_size;
    GaclipImage crop;
    if (!is_promising(scan, x, y)) return GACLIP_OK;
    int status = gaclip_image_crop(&crop, scan->scaled, x, y, size, size, err);
    if (status) return status;
    if (has_valid_pixel(&crop)) {
        size_t floats = 3 * (size_t)size * (size_t)size;
        gaclip_image_normalise(scan->planes + (size_t)scan->pending * floats, &crop,
                               config->image_mean, config->image_std);
        scan->windows[scan->pending++] =
            (GaclipWindow){x,
                           y,
                           size,
                           scan->scaled->width,
                           scan->scaled->height,
                           (float)scan->image->width / (float)scan->scaled->width,
                           (float)scan->image->height / (float)scan->scaled->height,
                           scan->largest};
    }
    gaclip_image_clear(&crop);
    return scan->pending == WINDOW_BATCH ? flush(scan, err) : GACLIP_OK;
}

static int scan_windows(Scan *scan, GaclipError *err)
{
    int size = gaclip_detector_window(scan->detector), overlap = scan->overlap;
    int width = scan->scaled->width, height = scan->scaled->height, status = GACLIP_OK;
    int rows = gaclip__window_count(height, size, overlap);
    int columns = gaclip__window_count(width, size, overlap);
    for (int r = 0; r < rows && !status; r++)
        for (int c = 0; c < columns && !status; c++)
            status = add_window(scan, gaclip__window_start(c, width, size, overlap),
                                gaclip__window_start(r, height, size, overlap), err);
    return status ? status : flush(scan, err);
}

static int scan_scaled(Scan *scan, int width, int height, GaclipError *err)
{
    GaclipImage scaled;
    int status = gaclip_image_resize(&scaled, scan->image, width, height, err);
    if (status) return status;
    scan->scaled = &scaled;
    status = scan_windows(scan, err);
    gaclip_image_clear(&scaled);
    return status;
}

/* The image at half of its size and less, until one window shows all of it. */
static int scan_coarser(Scan *scan, GaclipError *err)
{
    int octaves = gaclip_detector_octaves(scan->detector), status = GACLIP_OK;
    int size = gaclip_detector_window(scan->detector);
    int width = scan->image->width, height = scan->image->height;
    for (int i = 0; i < octaves && !status && (width > size || height > size); i++) {
        width = (width + 1) / 2;
        height = (height + 1) / 2;
        status = scan_scaled(scan, width, height, err);
    }
    return status;
}

/* The image at twice its size and more, where something small showed, for the small objects alone
 * that its windows overlap enough to show whole: parts of larger ones look like small ones there.
 */
static int scan_finer(Scan *scan, GaclipError *err)
{
    int finer = gaclip_detector_finer(scan->detector), status = GACLIP_OK;
    int width = scan->image->width, height = scan->image->height;
    scan->overlap = scan->largest = gaclip_detector_window(scan->detector) / FINER_SHARE;
    for (int i = 1; i <= finer && !status; i++)
        if (shows_small(scan, 0, 0, (float)width, (float)height, 1 / (float)(1 << i)))
            status = scan_scaled(scan, width << i, height << i, err);
    return status;
}

static int scan_image(Scan *scan, GaclipDetector *detector, const GaclipImage *image,
                      GaclipError *err)
{
    size_t size = (size_t)gaclip_detector_window(detector);
    *scan = (Scan){.detector = detector,
                   .image = image,
                   .scaled = image,
                   .overlap = gaclip_detector_overlap(detector)};
    int status = gaclip__check_proposals(gaclip__proposer(detector), err);
    if (status) return status;
    scan->planes = malloc(WINDOW_BATCH * 3 * size * size * sizeof *scan->planes);
    if (!scan->planes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    status = gaclip__signs_init(&scan->signs, image->width, image->height, err);
    if (!status) status = scan_windows(scan, err);
    if (!status) status = scan_coarser(scan, err);
    if (!status) status = scan_finer(scan, err);
    gaclip__signs_clear(&scan->signs);
    free(scan->planes);
    return status;
}

static int hand_over(GaclipDetection **out, int *count, int *windows, Scan *scan, int status)
{
    if (windows) *windows = scan->windows_run;
    if (status) {
        gaclip__detections_clear(&scan->list);
        return status;
    }
    *out = scan->list.items;
    *count = scan->list.count;
    return GACLIP_OK;
}

int gaclip_detect_unmerged(GaclipDetection **out, int *count, int *windows,
                           GaclipDetector *detector, const GaclipImage *image, GaclipError *err)
{
    Scan scan;
    *out = NULL;
    *count = 0;
    return hand_over(out, count, windows, &scan, scan_image(&scan, detector, image, err));
}

/* Of a list by descending score. */
static void drop_weak(GaclipDetectionList *list, float min_score)
{
    while (list->count && list->items[list->count - 1].score < min_score) list->count--;
}

int gaclip_detect_image(GaclipDetection **out, int *count, int *windows, GaclipDetector *detector,
                        const GaclipImage *image, GaclipError *err)
{
    Scan scan;
    *out = NULL;
    *count = 0;
    int status = scan_image(&scan, detector, image, err);
    if (!status) status = gaclip__merge_windows(&scan.list, detector->options.nms_iou, err);
    drop_weak(&scan.list, detector->options.min_score);
    return hand_over(out, count, windows, &scan, status);
}
