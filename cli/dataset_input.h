/* The data sets that gaclip-dataset's verbs are given. */
#ifndef GACLIP_CLI_DATASET_INPUT_H
#define GACLIP_CLI_DATASET_INPUT_H

#include "gaclip/dataset.h"

#define DATASET_FORMATS     "gaclip, coco, karpathy, voc, yolo, dota, nwpu, rrsisd, choice or folders"
#define DATASET_FORMAT_HELP DATASET_FORMATS " (default: told by the file)"

/* The format of that name ("coco"); an unknown one lists the names there are. NULL is told by the
 * file. */
int dataset_format(GaclipDatasetFormat *out, const char *name, GaclipError *err);

/* All of them in one dataset, which the caller frees. */
int dataset_read_all(GaclipDataset **out, const char *const *paths, int count,
                     const GaclipDatasetReadOptions *options, GaclipError *err);

#endif
