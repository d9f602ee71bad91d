/* The images that gaclip-eval measures on, and the classes it asks for. */
#ifndef GACLIP_CLI_EVAL_DATA_H
#define GACLIP_CLI_EVAL_DATA_H

#include "eval_request.h"
#include "gaclip/dataset_source.h"
#include "gaclip/protocols.h"

typedef struct EvalData {
    GaclipDataset *dataset;
    GaclipDatasetSource *source;
    GaclipSampleSource view;
    const char *split;    /* NULL: all images */
    const char **classes; /* (class_count) candidates, lent, repeated as they come; none for
                             retrieval and descriptions */
    int class_count, class_room;
    const char *const *novel; /* (novel_count) lent */
    int novel_count;
    const GaclipClassSplit *class_split; /* NULL: none asked for */
} EvalData;

/* Without --split, the split "test" where there is one, else "val", else all images. The caller
 * closes *out in any case. */
int eval_data_open(EvalData *out, const EvalRequest *request, GaclipError *err);
void eval_data_close(EvalData *data);

#endif
