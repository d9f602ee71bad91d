/* Texts for datasets from a model that sees and speaks, as the paper's section 4 has them from
 * Qwen3-VL; each is held against the boxes and pixels before it is taken. */
#ifndef GACLIP_DATASET_CAPTION_H
#define GACLIP_DATASET_CAPTION_H

#include "gaclip/dataset_tools.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipCaptionOptions {
    const char *url;   /* of an OpenAI-compatible service: "http://localhost:8000/v1", with or
                          without "/chat/completions" behind it */
    const char *model; /* its name there; NULL = "default" */
    const char *key;   /* sent as bearer token; NULL = none. Never written anywhere */
    const char *cache; /* folder of answers, so that none is asked for twice; NULL = none */
    double timeout;    /* seconds of one request */
    double patience;   /* seconds before the first repetition; each later one waits twice as long */
    int retries;       /* of a request that got no answer, or a status of 429 or 5xx */
    int hard_negatives; /* of a region, at most */
    int with_views;     /* also ask for places and directions */
    uint64_t seed;
} GaclipCaptionOptions;

GACLIP_API void gaclip_caption_options_init(GaclipCaptionOptions *options);

typedef struct GaclipCaptionCounts {
    int asked, cached;     /* images sent, and those whose answer was in the cache */
    int unanswered;        /* images without an answer after all retries */
    int unreadable;        /* answers that are not of the form that was asked for */
    int accepted, refused; /* texts */
    int descriptions;      /* of the accepted ones, those of regions */
} GaclipCaptionCounts;

/* Asks for what images with regions lack: a brief and a detailed caption, descriptions of the first
 * regions. A text that contradicts what is measured, and an answer that cannot be read, is found
 * with its reason and left out, so that gaclip_dataset_describe can fill the gap. Accepted
 * descriptions get hard negatives: one attribute or the class changed to a value that clearly is
 * not the region's. Three images in a row without an answer end the work with GACLIP_ERROR_IO, as
 * does a service that refuses the request. GACLIP_ERROR_UNSUPPORTED where gaclip was built without
 * libcurl.
 */
GACLIP_API int gaclip_dataset_caption(GaclipCaptionCounts *counts, GaclipDataset *dataset,
                                      const GaclipCaptionOptions *options,
                                      const GaclipDatasetEvents *events, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
