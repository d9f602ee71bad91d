#include "dataset_caption.h"

#include <stdio.h>
#include <stdlib.h>

int dataset_caption_check(CaptionRequest *r, int is_describing, GaclipError *err)
{
    if (!r->options.url && (r->options.model || r->options.cache || r->key_variable))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "options of a captioner are given, but no --captioner");
    if (!r->options.url) return GACLIP_OK;
    if (!is_describing)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--captioner goes with --describe, which fills what it leaves out");
    if (!r->key_variable) return GACLIP_OK;
    r->options.key = getenv(r->key_variable);
    if (r->options.key && *r->options.key) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "--captioner-key-env %s: there is no such variable in the environment",
                            r->key_variable);
}

int dataset_caption(GaclipDataset *dataset, CaptionRequest *r,
                    const GaclipDescribeOptions *describing, const GaclipDatasetEvents *events,
                    GaclipError *err)
{
    r->options.hard_negatives = describing->hard_negatives;
    r->options.with_views = describing->with_views;
    r->options.seed = describing->seed;
    return gaclip_dataset_caption(&r->counts, dataset, &r->options, events, err);
}

void dataset_caption_print(const GaclipCaptionCounts *c)
{
    printf("captioner: %d images asked about, %d answers from the cache, %d without an answer, %d "
           "answers unreadable; %d texts accepted, %d refused\n",
           c->asked, c->cached, c->unanswered, c->unreadable, c->accepted, c->refused);
}
