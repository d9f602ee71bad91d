/* Kinds of errors in a dataset (the paper's table 1). */
#include "gaclip/review.h"

static const char *const PARTS[GACLIP_REVIEW_PARTS] = {"captions", "description", "hard_negatives",
                                                       "box"};

static const GaclipReviewError ERRORS[GACLIP_REVIEW_ERRORS] = {
    {"subjective_hallucination", "Subjective hallucination",
     "tells of things or moods that the picture does not show", GACLIP_REVIEW_CAPTIONS},
    {"unobservable_inference", "Unobservable inference",
     "concludes what nobody can see from above: purpose, past, sound", GACLIP_REVIEW_CAPTIONS},
    {"metric_ambiguity", "Metric ambiguity",
     "a size, length or number is wrong or can be read in two ways", GACLIP_REVIEW_DESCRIPTION},
    {"spatial_ambiguity", "Spatial ambiguity",
     "place, direction or neighbours are wrong, or fit another object as well",
     GACLIP_REVIEW_DESCRIPTION},
    {"semantic_distortion", "Semantic distortion",
     "true of the region after all, or changed in more than one attribute",
     GACLIP_REVIEW_NEGATIVES},
    {"linguistic_anomaly", "Linguistic anomaly", "no English that anyone would write",
     GACLIP_REVIEW_NEGATIVES},
    {"geometric_offset", "Geometric offset",
     "the box cuts the object, or lies beside or far around it", GACLIP_REVIEW_BOX},
    {"projection_distortion", "Projection distortion",
     "the box is skewed or shifted by relief, lean or a wrong transformation", GACLIP_REVIEW_BOX},
    {"other", "Something else", "a wrong class or anything more: say it in the note",
     GACLIP_REVIEW_PARTS},
};

const char *gaclip_review_part_key(GaclipReviewPart part)
{
    return PARTS[part];
}

const GaclipReviewError *gaclip_review_error(int error)
{
    return &ERRORS[error];
}
