/* NWPU VHR-10 as its authors share it (Cheng, Han, Zhou and Guo, 2014; its readme.txt): "positive
 * image set/001.jpg" with "ground truth/001.txt", lines of "(x1,y1),(x2,y2),class", corners in
 * pixels, classes numbered from 1; and "negative image set", images without any of the classes. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"
#include "text_lines.h"

static const char *const CLASSES[] = {"airplane",
                                      "ship",
                                      "storage tank",
                                      "baseball diamond",
                                      "tennis court",
                                      "basketball court",
                                      "ground track field",
                                      "harbor",
                                      "bridge",
                                      "vehicle"};

enum { CLASS_COUNT = sizeof CLASSES / sizeof *CLASSES };

static int bad_line(const char *file, int line, const char *fact, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: line %d: %s", file, line, fact);
}

/* Takes the character off the start, blanks on either side of it too. */
static int take(const char **text, char c)
{
    while (**text == ' ' || **text == '\t') ++*text;
    if (**text != c) return 0;
    ++*text;
    while (**text == ' ' || **text == '\t') ++*text;
    return 1;
}

/* A whole number; the comma behind it is no part of it. */
static int take_whole(double *out, const char **text)
{
    char *end;
    while (**text == ' ' || **text == '\t') ++*text;
    *out = (double)strtol(*text, &end, 10);
    if (end == *text) return 0;
    *text = end;
    return 1;
}

static int take_corner(double corner[2], const char **text)
{
    return take(text, '(') && take_whole(&corner[0], text) && take(text, ',') &&
           take_whole(&corner[1], text) && take(text, ')') && take(text, ',');
}

static int read_line(const GaclipDatasetReading *r, int image, const char *text, const char *file,
                     int line, GaclipError *err)
{
    GaclipDatasetRegion region = {.is_object = 1};
    const GaclipDatasetImage *i = &r->dataset->images[image];
    double a[2], b[2], number;
    if (!take_corner(a, &text) || !take_corner(b, &text) || !take_whole(&number, &text) ||
        text[strspn(text, " \t,")])
        return bad_line(file, line, "is not (x1,y1),(x2,y2),class", err);
    if (number < 1 || number > CLASS_COUNT)
        return bad_line(file, line, CPLSPrintf("%g is no class; they are 1 to 10", number), err);
    if (b[0] < a[0] || b[1] < a[1]) return bad_line(file, line, "ends before it begins", err);
    region.box[0] = a[0] / i->width;
    region.box[1] = a[1] / i->height;
    region.box[2] = b[0] / i->width;
    region.box[3] = b[1] / i->height;
    int status =
        gaclip__dataset_class(&region.class_index, r->dataset, CLASSES[(int)number - 1], err);
    return status ? status : gaclip__dataset_add_region(r->dataset, image, &region, err);
}

static int read_truth(const GaclipDatasetReading *r, int image, const char *file, GaclipError *err)
{
    GaclipTextLines lines;
    int status = gaclip__lines_open(&lines, file, err);
    if (status) return status;
    for (char *line = gaclip__lines_next(&lines); line && !status;
         line = gaclip__lines_next(&lines))
        status = read_line(r, image, line, file, lines.number, err);
    gaclip__lines_close(&lines);
    return status;
}

/* truth NULL: the images hold nothing. */
static int read_images(const GaclipDatasetReading *r, const char *folder, const char *truth,
                       GaclipError *err)
{
    GaclipDatasetReading reading = *r;
    char **names;
    int status = gaclip__folder_names(&names, folder, err);
    reading.folder = folder;
    for (int i = 0; names && names[i] && !status; i++) {
        int image;
        if (!gaclip__is_image_name(names[i])) continue;
        status = gaclip__dataset_add_file(&image, &reading, names[i], err);
        if (!status) status = gaclip__dataset_measure(&r->dataset->images[image], err);
        if (status || !truth) continue;
        char *file = CPLStrdup(CPLFormFilename(truth, CPLGetBasename(names[i]), "txt"));
        status = read_truth(&reading, image, file, err);
        CPLFree(file);
    }
    CSLDestroy(names);
    return status;
}

int gaclip__dataset_read_nwpu(const GaclipDatasetReading *r, GaclipError *err)
{
    char *positive = CPLStrdup(CPLFormFilename(r->path, "positive image set", NULL));
    char *negative = CPLStrdup(CPLFormFilename(r->path, "negative image set", NULL));
    char *truth = CPLStrdup(CPLFormFilename(r->path, "ground truth", NULL));
    int status = GACLIP_OK, class_index;
    if (!gaclip__is_folder(positive) || !gaclip__is_folder(truth))
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "%s: is no NWPU VHR-10; it needs the folders \"positive image "
                                  "set\" and \"ground truth\"",
                                  r->path);
    for (int c = 0; c < CLASS_COUNT && !status; c++) /* all ten, in the set's order */
        status = gaclip__dataset_class(&class_index, r->dataset, CLASSES[c], err);
    if (!status) status = read_images(r, positive, truth, err);
    if (!status && gaclip__is_folder(negative)) status = read_images(r, negative, NULL, err);
    CPLFree(positive);
    CPLFree(negative);
    CPLFree(truth);
    return status;
}
