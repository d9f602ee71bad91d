/* From a file of any format to the reader that knows it. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"

/* Bytes at a file's start by which its format is told. */
enum { HEAD = 4096 };

typedef int Reader(const GaclipDatasetReading *r, GaclipError *err);

void gaclip_dataset_read_options_init(GaclipDatasetReadOptions *options)
{
    *options = (GaclipDatasetReadOptions){.is_annotated = 1};
}

/* "images" in the folder or beside the file, else the folder itself, from which gaclip's own format
 * names images; the caller frees it. */
static char *default_folder(const char *path, GaclipDatasetFormat format)
{
    const char *folder = gaclip__is_folder(path) ? path : CPLGetPath(path);
    if (!*folder) folder = *path == '/' ? "/" : ".";
    if (format == GACLIP_DATASET_GACLIP) return CPLStrdup(folder);
    return gaclip__inner_folder(CPLSPrintf("%s", folder), "images");
}

static int is_split_name(const char *name)
{
    return !strcmp(name, "train") || !strcmp(name, "val") || !strcmp(name, "test");
}

/* The format of a JSON file, by the keys that come first in it. */
static GaclipDatasetFormat format_of_json(const char *path)
{
    char head[HEAD + 1] = "";
    VSILFILE *file = VSIFOpenL(path, "rb");
    if (!file) return GACLIP_DATASET_COCO; /* whose reader says what is wrong */
    head[VSIFReadL(head, 1, HEAD, file)] = '\0';
    VSIFCloseL(file);
    if (strstr(head, "\"gaclip-dataset\"")) return GACLIP_DATASET_GACLIP;
    if (head[strspn(head, " \t\r\n")] == '[' && strstr(head, "\"question\""))
        return GACLIP_DATASET_CHOICE;
    return strstr(head, "\"sentences\"") || strstr(head, "\"sentids\"") ? GACLIP_DATASET_KARPATHY
                                                                        : GACLIP_DATASET_COCO;
}

/* The format of a folder, by what is in it. */
static GaclipDatasetFormat format_of_folder(const char *path)
{
    static const struct {
        const char *name;
        GaclipDatasetFormat format;
    } SIGNS[] = {{"Annotations", GACLIP_DATASET_VOC},   {"labelTxt", GACLIP_DATASET_DOTA},
                 {"ground truth", GACLIP_DATASET_NWPU}, {"rrsisd", GACLIP_DATASET_RRSISD},
                 {"perception", GACLIP_DATASET_CHOICE}, {"labels", GACLIP_DATASET_YOLO}};
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
        if (gaclip__is_folder(CPLFormFilename(path, SIGNS[i].name, NULL))) return SIGNS[i].format;
    return GACLIP_DATASET_FOLDERS;
}

static GaclipDatasetFormat format_of(const char *path)
{
    if (EQUAL(CPLGetExtension(path), "xml")) return GACLIP_DATASET_VOC;
    if (EQUAL(CPLGetExtension(path), "txt")) return GACLIP_DATASET_DOTA;
    return gaclip__is_folder(path) ? format_of_folder(path) : format_of_json(path);
}

static Reader *const READERS[] = {
    [GACLIP_DATASET_GACLIP] = gaclip__dataset_read_json,
    [GACLIP_DATASET_COCO] = gaclip__dataset_read_coco,
    [GACLIP_DATASET_KARPATHY] = gaclip__dataset_read_karpathy,
    [GACLIP_DATASET_VOC] = gaclip__dataset_read_voc,
    [GACLIP_DATASET_YOLO] = gaclip__dataset_read_yolo,
    [GACLIP_DATASET_DOTA] = gaclip__dataset_read_dota,
    [GACLIP_DATASET_NWPU] = gaclip__dataset_read_nwpu,
    [GACLIP_DATASET_RRSISD] = gaclip__dataset_read_rrsisd,
    [GACLIP_DATASET_CHOICE] = gaclip__dataset_read_choice,
    [GACLIP_DATASET_FOLDERS] = gaclip__dataset_read_folders,
};

int gaclip_dataset_read(GaclipDataset *dataset, const char *path,
                        const GaclipDatasetReadOptions *options, GaclipError *err)
{
    GaclipDatasetFormat format = options->format ? options->format : format_of(path);
    char *basename = CPLStrdup(CPLGetBasename(path)), *folder = default_folder(path, format);
    GaclipDatasetReading reading = {
        .dataset = dataset,
        .path = path,
        .images = options->images,
        .classes = options->classes,
        .folder = options->images ? options->images : folder,
        .split = options->split            ? options->split
                 : is_split_name(basename) ? basename
                                           : NULL,
        .source = options->source,
        .name = basename,
        .licence = options->licence,
        .is_annotated = options->is_annotated,
    };
    int status = READERS[format](&reading, err);
    CPLFree(basename);
    CPLFree(folder);
    return status;
}
