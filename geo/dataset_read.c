/* From a file of any format to the reader that knows it. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"

/* Bytes at a file's start by which its format is told. */
enum { HEAD = 4096 };

typedef int Reader(const GaclipDatasetReading *r, GaclipError *err);

void gaclip_dataset_read_options_init(GaclipDatasetReadOptions *options)
{
    *options = (GaclipDatasetReadOptions){.is_annotated = 1};
}

static int is_folder(const char *path)
{
    VSIStatBufL facts;
    return !VSIStatExL(path, &facts, VSI_STAT_NATURE_FLAG) && VSI_ISDIR(facts.st_mode);
}

/* "images" beside the file, or the file's own folder; the caller frees it. */
static char *default_folder(const char *path)
{
    const char *folder = CPLGetPath(path);
    if (!*folder) folder = *path == '/' ? "/" : ".";
    char *own = CPLStrdup(folder), *images = CPLStrdup(CPLFormFilename(own, "images", NULL));
    int has_images = is_folder(images);
    CPLFree(has_images ? own : images);
    return has_images ? images : own;
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
    return strstr(head, "\"sentences\"") || strstr(head, "\"sentids\"") ? GACLIP_DATASET_KARPATHY
                                                                        : GACLIP_DATASET_COCO;
}

static int choose_reader(Reader **out, const char *path, GaclipDatasetFormat format,
                         GaclipError *err)
{
    static Reader *const READERS[] = {
        [GACLIP_DATASET_COCO] = gaclip__dataset_read_coco,
        [GACLIP_DATASET_KARPATHY] = gaclip__dataset_read_karpathy,
    };
    if (format == GACLIP_DATASET_AUTO) format = format_of_json(path);
    *out = (size_t)format < sizeof READERS / sizeof *READERS ? READERS[format] : NULL;
    return *out ? GACLIP_OK
                : gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: format %d is not known", path,
                                   (int)format);
}

int gaclip_dataset_read(GaclipDataset *dataset, const char *path,
                        const GaclipDatasetReadOptions *options, GaclipError *err)
{
    Reader *reader;
    int status = choose_reader(&reader, path, options->format, err);
    if (status) return status;
    char *basename = CPLStrdup(CPLGetBasename(path)), *folder = default_folder(path);
    GaclipDatasetReading reading = {
        .dataset = dataset,
        .path = path,
        .folder = options->images ? options->images : folder,
        .split = options->split            ? options->split
                 : is_split_name(basename) ? basename
                                           : NULL,
        .source = options->source,
        .name = basename,
        .licence = options->licence,
        .is_annotated = options->is_annotated,
    };
    status = reader(&reading, err);
    CPLFree(basename);
    CPLFree(folder);
    return status;
}
