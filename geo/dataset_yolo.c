/* YOLO's text files (https://docs.ultralytics.com/datasets/detect): "labels/a.txt" beside
 * "images/a.jpg", or both with a folder a split between; lines of a class number and centre, width
 * and height as shares of the image, or of the corners of a polygon. An image without a text file
 * has no objects. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"
#include "text_lines.h"
#include "yolo_names.h"

enum { MOST_NUMBERS = 4096 };

typedef struct Yolo {
    GaclipDatasetReading reading;
    char **names; /* of the classes */
    int label_count;
} Yolo;

static int bad_line(const char *file, int line, const char *fact, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: line %d: %s", file, line, fact);
}

/* Centre and size where there are four numbers, else corners of a polygon. */
static int box_of_numbers(double box[4], const double *n, int count)
{
    if (count == 4) {
        box[0] = n[0] - n[2] / 2;
        box[1] = n[1] - n[3] / 2;
        box[2] = n[0] + n[2] / 2;
        box[3] = n[1] + n[3] / 2;
        return n[2] >= 0 && n[3] >= 0;
    }
    if (count < 6 || count % 2) return 0;
    box[0] = box[2] = n[0];
    box[1] = box[3] = n[1];
    for (int i = 2; i < count; i += 2) {
        box[0] = fmin(box[0], n[i]);
        box[1] = fmin(box[1], n[i + 1]);
        box[2] = fmax(box[2], n[i]);
        box[3] = fmax(box[3], n[i + 1]);
    }
    return 1;
}

static int read_line(Yolo *yolo, int image, const char *text, const char *file, int line,
                     GaclipError *err)
{
    GaclipDatasetRegion region = {.is_object = 1};
    double numbers[MOST_NUMBERS];
    int count = 0, classes = CSLCount(yolo->names);
    while (*text && count < MOST_NUMBERS && gaclip__take_number(&numbers[count], &text)) count++;
    if (*text) return bad_line(file, line, "holds something that is no number", err);
    if (numbers[0] < 0 || numbers[0] >= classes || numbers[0] != floor(numbers[0]))
        return bad_line(file, line,
                        CPLSPrintf("%g is no class; there are %d names", numbers[0], classes), err);
    for (int i = 1; i < count; i++)
        if (numbers[i] < -1 || numbers[i] > 2)
            return bad_line(file, line, "numbers are not shares of the image, 0 to 1", err);
    if (!box_of_numbers(region.box, numbers + 1, count - 1))
        return bad_line(file, line, "is neither a class and a box nor a class and a polygon", err);
    int status = gaclip__dataset_class(&region.class_index, yolo->reading.dataset,
                                       yolo->names[(int)numbers[0]], err);
    return status ? status : gaclip__dataset_add_region(yolo->reading.dataset, image, &region, err);
}

static int read_labels(Yolo *yolo, int image, const char *file, GaclipError *err)
{
    GaclipTextLines lines;
    int status = gaclip__lines_open(&lines, file, err);
    if (status) return status;
    for (char *line = gaclip__lines_next(&lines); line && !status;
         line = gaclip__lines_next(&lines))
        status = read_line(yolo, image, line, file, lines.number, err);
    gaclip__lines_close(&lines);
    yolo->label_count++;
    return status;
}

static int read_folder(Yolo *yolo, const char *images, const char *labels, GaclipError *err)
{
    char **names;
    int status = gaclip__folder_names(&names, images, err);
    yolo->reading.folder = images;
    for (int i = 0; names && names[i] && !status; i++) {
        int index;
        if (!gaclip__is_image_name(names[i])) continue;
        char *file = CPLStrdup(CPLFormFilename(labels, CPLGetBasename(names[i]), "txt"));
        status = gaclip__dataset_add_file(&index, &yolo->reading, names[i], err);
        if (!status && gaclip__is_file(file)) status = read_labels(yolo, index, file, err);
        CPLFree(file);
    }
    CSLDestroy(names);
    return status;
}

/* The folders themselves, then those of the splits in them. */
static int read_splits(Yolo *yolo, const char *images, const char *labels, GaclipError *err)
{
    static const char *const SPLITS[] = {"train", "val", "test"};
    int status = read_folder(yolo, images, labels, err);
    for (int i = 0; i < 3 && !status; i++) {
        char *inner = CPLStrdup(CPLFormFilename(images, SPLITS[i], NULL));
        char *beside = CPLStrdup(CPLFormFilename(labels, SPLITS[i], NULL));
        yolo->reading.split = SPLITS[i];
        if (gaclip__is_folder(inner)) status = read_folder(yolo, inner, beside, err);
        CPLFree(inner);
        CPLFree(beside);
    }
    return status;
}

int gaclip__dataset_read_yolo(const GaclipDatasetReading *r, GaclipError *err)
{
    Yolo yolo = {.reading = *r};
    char *images = r->images ? CPLStrdup(r->images) : gaclip__inner_folder(r->path, "images");
    char *labels = gaclip__inner_folder(r->path, "labels");
    int status = gaclip__yolo_names(&yolo.names, r->path, r->classes, err);
    if (!status) status = read_splits(&yolo, images, labels, err);
    if (!status && !yolo.label_count)
        status = gaclip_error_set(
            err, GACLIP_ERROR_EMPTY,
            "%s: no image has a text file; it needs \"images\" and \"labels\"", r->path);
    CSLDestroy(yolo.names);
    CPLFree(images);
    CPLFree(labels);
    return status;
}
