/* What a captioner is asked. */
#ifndef GACLIP_GEO_CAPTIONER_PROMPT_H
#define GACLIP_GEO_CAPTIONER_PROMPT_H

#include "gaclip/dataset_caption.h"

/* Whether an image has regions and lacks a text that a captioner could give. */
int gaclip__captioner_is_wanted(const GaclipDataset *dataset, const GaclipDatasetImage *image);
/* Whether that region is among those that are asked about. */
int gaclip__captioner_asks_about(const GaclipDataset *dataset, const GaclipDatasetImage *image,
                                 int region);

/* The JSON body of a chat request: the image as JPEG, what is known of it, and the form of the
 * answer. The same for the same image, texts and options. The caller frees *out with free(). */
int gaclip__captioner_question(char **out, const GaclipDataset *dataset,
                               const GaclipDatasetImage *image, const GaclipImage *pixels,
                               const GaclipCaptionOptions *options, GaclipError *err);

#endif
