/* DOTA's text files (https://captain-whu.github.io/DOTA/dataset.html): "labelTxt/P0001.txt" beside
 * "images/P0001.png"; lines of four corners in pixels, class and difficulty, after two optional
 * ones, "imagesource:..." and "gsd:...". */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"
#include "text_lines.h"

static int bad_line(const char *file, int line, const char *fact, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: line %d: %s", file, line, fact);
}

/* The envelope of four corners. */
static int read_corners(double box[4], const char **text, const GaclipDatasetImage *image)
{
    double x1 = INFINITY, y1 = INFINITY, x2 = -INFINITY, y2 = -INFINITY;
    for (int i = 0; i < 4; i++) {
        double x, y;
        if (!gaclip__take_number(&x, text) || !gaclip__take_number(&y, text)) return 0;
        x1 = fmin(x1, x);
        x2 = fmax(x2, x);
        y1 = fmin(y1, y);
        y2 = fmax(y2, y);
    }
    box[0] = x1 / image->width;
    box[1] = y1 / image->height;
    box[2] = x2 / image->width;
    box[3] = y2 / image->height;
    return 1;
}

static int read_object(GaclipDataset *dataset, int image, const char *text, const char *file,
                       int line, GaclipError *err)
{
    GaclipDatasetRegion region = {.is_object = 1};
    double difficult = 0;
    if (!read_corners(region.box, &text, &dataset->images[image]))
        return bad_line(file, line, "does not begin with the 8 numbers of four corners", err);
    size_t length = strcspn(text, " \t");
    if (!length) return bad_line(file, line, "has no class behind the corners", err);
    const char *rest = text + length + strspn(text + length, " \t");
    if (*rest && (!gaclip__take_number(&difficult, &rest) || *rest))
        return bad_line(file, line, "has no number for the difficulty behind the class", err);
    region.is_difficult = difficult != 0;
    char *name = CPLStrdup(text);
    name[length] = '\0';
    int status = gaclip__dataset_class(&region.class_index, dataset, name, err);
    CPLFree(name);
    return status ? status : gaclip__dataset_add_region(dataset, image, &region, err);
}

static int read_lines(const GaclipDatasetReading *r, int image, GaclipTextLines *lines,
                      GaclipError *err)
{
    int status = GACLIP_OK;
    for (char *line = gaclip__lines_next(lines); line && !status;
         line = gaclip__lines_next(lines)) {
        const char *value = line + 4;
        if (STARTS_WITH_CI(line, "imagesource:")) continue;
        if (!STARTS_WITH_CI(line, "gsd:"))
            status = read_object(r->dataset, image, line, r->path, lines->number, err);
        else if (!gaclip__take_number(&r->dataset->images[image].gsd, &value) ||
                 !(r->dataset->images[image].gsd > 0))
            r->dataset->images[image].gsd = 0; /* "gsd:null" */
    }
    return status;
}

static int read_file(const GaclipDatasetReading *r, const char *file, GaclipError *err)
{
    GaclipDatasetReading reading = *r;
    GaclipTextLines lines;
    int image;
    reading.path = file;
    const char *found = gaclip__find_image(r->folder, CPLGetBasename(file));
    char *name =
        CPLStrdup(found ? CPLGetFilename(found) : CPLSPrintf("%s.png", CPLGetBasename(file)));
    int status = gaclip__dataset_add_file(&image, &reading, name, err);
    CPLFree(name);
    if (!status) status = gaclip__dataset_measure(&r->dataset->images[image], err);
    if (!status) status = gaclip__lines_open(&lines, file, err);
    if (status) return status;
    status = read_lines(&reading, image, &lines, err);
    gaclip__lines_close(&lines);
    return status;
}

static int read_folder(const GaclipDatasetReading *r, const char *folder, GaclipError *err)
{
    char **names;
    int read = 0, status = gaclip__folder_names(&names, folder, err);
    for (int i = 0; names && names[i] && !status; i++) {
        if (!EQUAL(CPLGetExtension(names[i]), "txt")) continue;
        char *file = CPLStrdup(CPLFormFilename(folder, names[i], NULL));
        status = read_file(r, file, err);
        CPLFree(file);
        read++;
    }
    CSLDestroy(names);
    if (!status && !read)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: has no text files", folder);
    return status;
}

int gaclip__dataset_read_dota(const GaclipDatasetReading *r, GaclipError *err)
{
    if (!gaclip__is_folder(r->path)) return read_file(r, r->path, err);
    char *folder = gaclip__inner_folder(r->path, "labelTxt");
    int status = read_folder(r, folder, err);
    CPLFree(folder);
    return status;
}
