/* PASCAL VOC's XML (http://host.robots.ox.ac.uk/pascal/VOC), as DIOR and many others use it: one
 * file an image in "Annotations", images in "JPEGImages", splits as lists of names in
 * "ImageSets/Main". */
#include <cpl_conv.h>
#include <cpl_minixml.h>
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"
#include "gdal_error.h"
#include "text_lines.h"

/* For each of them, its list of names, sorted, or NULL. */
static const char *const SPLITS[3] = {"train", "val", "test"};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_split(char ***out, const char *path, GaclipError *err)
{
    GaclipTextLines lines;
    int status = gaclip__lines_open(&lines, path, err);
    if (status) return status;
    for (char *line = gaclip__lines_next(&lines); line; line = gaclip__lines_next(&lines)) {
        line[strcspn(line, " \t")] = '\0'; /* lists of one class have -1, 0, 1 behind the name */
        *out = CSLAddString(*out, CPLGetBasename(line));
    }
    gaclip__lines_close(&lines);
    if (*out) qsort(*out, (size_t)CSLCount(*out), sizeof **out, compare_names);
    return GACLIP_OK;
}

static int read_splits(char **lists[3], const char *root, GaclipError *err)
{
    static const char *const PLACES[] = {"ImageSets/Main", "Main", "ImageSets"};
    int status = GACLIP_OK;
    for (size_t i = 0; i < 3 * 3 && !status; i++) {
        char *folder = CPLStrdup(CPLFormFilename(root, PLACES[i / 3], NULL));
        const char *path = CPLFormFilename(folder, SPLITS[i % 3], "txt");
        if (!lists[i % 3] && gaclip__is_file(path)) status = read_split(&lists[i % 3], path, err);
        CPLFree(folder);
    }
    return status;
}

static const char *split_of(char **const lists[3], const char *stem)
{
    for (int i = 0; i < 3; i++)
        if (lists[i] &&
            bsearch(&stem, lists[i], (size_t)CSLCount(lists[i]), sizeof **lists, compare_names))
            return SPLITS[i];
    return NULL;
}

static int bad_object(const char *file, int number, const char *fact, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: object %d: %s", file, number, fact);
}

/* Pixels are counted from 1 and both corners belong to the box. */
static int read_box(double box[4], CPLXMLNode *object, const GaclipDatasetImage *image,
                    const char *file, int number, GaclipError *err)
{
    static const char *const KEYS[] = {"bndbox.xmin", "bndbox.ymin", "bndbox.xmax", "bndbox.ymax"};
    double values[4];
    for (int i = 0; i < 4; i++) {
        const char *text = CPLGetXMLValue(object, KEYS[i], "");
        if (!gaclip__take_number(&values[i], &text) || *text)
            return bad_object(file, number, CPLSPrintf("%s is no number", KEYS[i]), err);
    }
    if (values[2] < values[0] || values[3] < values[1])
        return bad_object(file, number, "bndbox ends before it begins", err);
    box[0] = (values[0] - 1) / image->width;
    box[1] = (values[1] - 1) / image->height;
    box[2] = values[2] / image->width;
    box[3] = values[3] / image->height;
    return GACLIP_OK;
}

static int read_object(GaclipDataset *dataset, int image, CPLXMLNode *object, const char *file,
                       int number, GaclipError *err)
{
    GaclipDatasetRegion region = {.is_object = 1};
    const char *name = CPLGetXMLValue(object, "name", "");
    if (!name[strspn(name, " ")]) return bad_object(file, number, "has no name", err);
    region.is_difficult = atoi(CPLGetXMLValue(object, "difficult", "0")) != 0;
    int status = read_box(region.box, object, &dataset->images[image], file, number, err);
    if (!status) status = gaclip__dataset_class(&region.class_index, dataset, name, err);
    return status ? status : gaclip__dataset_add_region(dataset, image, &region, err);
}

/* The named image, or one of the annotation's own name in another format. */
static const char *find_image(const GaclipDatasetReading *r, const char *file, const char *named)
{
    if (*named && gaclip__is_file(CPLFormFilename(r->folder, named, NULL))) return named;
    const char *found = gaclip__find_image(r->folder, CPLGetBasename(file));
    return found ? CPLGetFilename(found) : named;
}

static int read_tree(const GaclipDatasetReading *r, CPLXMLNode *root, const char *file,
                     GaclipError *err)
{
    CPLXMLNode *top = CPLGetXMLNode(root, "=annotation");
    int image, number = 0;
    if (!top)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: has no <annotation>; is it VOC?",
                                file);
    GaclipDatasetReading reading = *r;
    reading.path = file;
    int status = gaclip__dataset_add_file(
        &image, &reading, find_image(r, file, CPLGetXMLValue(top, "filename", "")), err);
    if (status) return status;
    GaclipDatasetImage *i = &r->dataset->images[image];
    i->width = atoi(CPLGetXMLValue(top, "size.width", "0"));
    i->height = atoi(CPLGetXMLValue(top, "size.height", "0"));
    if (i->width < 1 || i->height < 1) i->width = i->height = 0;
    status = gaclip__dataset_measure(i, err);
    for (CPLXMLNode *node = top->psChild; node && !status; node = node->psNext)
        if (node->eType == CXT_Element && !strcmp(node->pszValue, "object"))
            status = read_object(r->dataset, image, node, file, ++number, err);
    return status;
}

static int read_file(const GaclipDatasetReading *r, const char *file, GaclipError *err)
{
    gaclip__gdal_quiet_begin();
    CPLXMLNode *root = CPLParseXMLFile(file);
    int status = GACLIP_OK;
    if (!root)
        status = gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: is no XML%s", file,
                                  gaclip__gdal_reason());
    gaclip__gdal_quiet_end();
    if (!status) status = read_tree(r, root, file, err);
    CPLDestroyXMLNode(root);
    return status;
}

static int read_folder(const GaclipDatasetReading *r, const char *folder, char **const lists[3],
                       GaclipError *err)
{
    char **names;
    int read = 0, status = gaclip__folder_names(&names, folder, err);
    for (int i = 0; names && names[i] && !status; i++) {
        if (!EQUAL(CPLGetExtension(names[i]), "xml")) continue;
        GaclipDatasetReading reading = *r;
        const char *split = split_of(lists, CPLGetBasename(names[i]));
        if (split) reading.split = split;
        char *file = CPLStrdup(CPLFormFilename(folder, names[i], NULL));
        status = read_file(&reading, file, err);
        CPLFree(file);
        read++;
    }
    CSLDestroy(names);
    if (!status && !read)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: has no XML files", folder);
    return status;
}

int gaclip__dataset_read_voc(const GaclipDatasetReading *r, GaclipError *err)
{
    GaclipDatasetReading reading = *r;
    char **lists[3] = {0};
    if (!gaclip__is_folder(r->path)) return read_file(r, r->path, err);
    char *folder = gaclip__inner_folder(r->path, "Annotations");
    char *images = gaclip__inner_folder(r->path, "JPEGImages");
    if (!r->images && strcmp(images, r->path) != 0) reading.folder = images;
    int status = read_splits(lists, r->path, err);
    if (!status) status = read_folder(&reading, folder, lists, err);
    for (int i = 0; i < 3; i++) CSLDestroy(lists[i]);
    CPLFree(folder);
    CPLFree(images);
    return status;
}
