#include "dataset_input.h"

#include <string.h>

int dataset_format(GaclipDatasetFormat *out, const char *name, GaclipError *err)
{
    static const struct {
        const char *name;
        GaclipDatasetFormat format;
    } NAMES[] = {{"gaclip", GACLIP_DATASET_GACLIP},     {"coco", GACLIP_DATASET_COCO},
                 {"karpathy", GACLIP_DATASET_KARPATHY}, {"voc", GACLIP_DATASET_VOC},
                 {"yolo", GACLIP_DATASET_YOLO},         {"dota", GACLIP_DATASET_DOTA},
                 {"nwpu", GACLIP_DATASET_NWPU},         {"rrsisd", GACLIP_DATASET_RRSISD},
                 {"choice", GACLIP_DATASET_CHOICE},     {"folders", GACLIP_DATASET_FOLDERS}};
    *out = GACLIP_DATASET_AUTO;
    if (!name) return GACLIP_OK;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (!strcmp(NAMES[i].name, name)) {
            *out = NAMES[i].format;
            return GACLIP_OK;
        }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--input-format %s: give " DATASET_FORMATS,
                            name);
}

int dataset_read_all(GaclipDataset **out, const char *const *paths, int count,
                     const GaclipDatasetReadOptions *options, GaclipError *err)
{
    GaclipDataset *dataset;
    int status = gaclip_dataset_new(&dataset, err);
    if (status) return status;
    for (int i = 0; i < count && !status; i++)
        status = gaclip_dataset_read(dataset, paths[i], options, err);
    if (status)
        gaclip_dataset_free(dataset);
    else
        *out = dataset;
    return status;
}
