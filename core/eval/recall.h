/* Ranks of retrieval, filled one image at a time, so that no whole matrix need exist. */
#ifndef GACLIP_EVAL_RECALL_H
#define GACLIP_EVAL_RECALL_H

/* The image's own best caption among all, given its row of similarities (captions). *best (may be
 * NULL) is the first of all captions. -1 where none is its own. */
int gaclip__own_caption_rank(int *best, const double *row, int image, int captions,
                             const int *caption_image);

/* Does this image, whose similarity to a caption is given, come before the caption's own? */
static inline int gaclip__comes_before(int image, double similarity, int own_image, double own)
{
    return similarity > own || (similarity == own && image < own_image);
}

#endif
