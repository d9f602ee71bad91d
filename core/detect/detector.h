/* Inside the detector: the asked classes, and the steps of scoring one batch of windows. */
#ifndef GACLIP_DETECT_DETECTOR_H
#define GACLIP_DETECT_DETECTOR_H

#include "detect/signs.h"
#include "gaclip/detect.h"
#include "model/model.h"

struct GaclipDetector {
    GaclipModel *model; /* borrowed */
    GaclipDetectOptions options;
    int class_count, text_count;    /* texts: the classes, then the background phrases */
    float *texts;                   /* (text_count, embed_dim) unit */
    char **prompts;                 /* (class_count) */
    unsigned char *is_repeated;     /* (class_count) an earlier one is the same by another name */
    GaclipCalibration *calibration; /* (class_count), or NULL: scores stay */
    float score_floor; /* no class can reach the voting score from below this one, uncalibrated */
};

/* A growing list of detections; the caller frees items. */
typedef struct GaclipDetectionList {
    GaclipDetection *items;
    int count, capacity;
} GaclipDetectionList;

int gaclip__detections_add(GaclipDetectionList *list, const GaclipDetection *detection,
                           GaclipError *err);
void gaclip__detections_clear(GaclipDetectionList *list);

/* Whether the model can find boxes of its own. */
int gaclip__check_proposals(const GaclipModel *model, GaclipError *err);

/* The model that finds the boxes. */
static inline GaclipModel *gaclip__proposer(const GaclipDetector *detector)
{
    return detector->options.proposer ? detector->options.proposer : detector->model;
}

/* Probability of each class for a unit region embedding: softmax over classes and background, or,
 * independent, of each class and the background alone. probability, similarity (class_count). */
int gaclip__class_probabilities(float *probability, float *similarity,
                                const GaclipDetector *detector, const float *region,
                                GaclipError *err);

/* The score of a class from an uncalibrated one. */
float gaclip__class_score(const GaclipDetector *detector, int class_index, float score);

/* Where a window lies in the scaled image, that image's size, and the image's pixels a pixel of it.
 */
typedef struct GaclipWindow {
    int x, y, size, image_width, image_height;
    float pixel_x, pixel_y;
    int largest; /* only boxes that are whole and whose sides are at most so long count; 0 = all */
} GaclipWindow;

/* Adds what is seen in windows of scaled to list, in pixels of image, and every sign of an object
 * to signs; planes (count, 3, size, size) are the windows as the proposer reads them. */
int gaclip__detect_windows(GaclipDetectionList *list, GaclipSigns *signs, GaclipDetector *detector,
                           const GaclipWindow *windows, int count, const float *planes,
                           const GaclipImage *scaled, const GaclipImage *image, GaclipError *err);

/* Per-class suppression (gaclip_nms, with gaclip_nesting_limit); boxes that were cut give way to
 * whole ones that cover half of them. Sorted by score, descending. */
int gaclip__merge_windows(GaclipDetectionList *list, float nms_iou, GaclipError *err);

#endif
