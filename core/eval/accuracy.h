/* Answers to questions with several candidates, and how often they are right. */
#ifndef GACLIP_EVAL_ACCURACY_H
#define GACLIP_EVAL_ACCURACY_H

#include "eval/embeddings.h"
#include "eval/walk.h"

/* Adds a question with truth still open (-1). */
int gaclip__ask(GaclipAccuracy *out, int *capacity, int sample, int region, GaclipError *err);

/* Ranks candidates (count, E) for an embedding (E); scratch (count). Ties go to the lower index,
 * or, strict, against the truth. */
void gaclip__answer(GaclipAnswer *answer, const float *embedding, const float *candidates,
                    int count, int truth, int width, int is_strict, float *scratch);

/* Fills everything but answers, classes and skipped. */
int gaclip__accuracy_sum_up(GaclipAccuracy *out, const GaclipEvalOptions *options,
                            GaclipError *err);

/* Answers all questions with classes, asked in the model's templates; names (answer_count) are
 * their true classes. A question whose class is not among those asked is dropped and counted. */
int gaclip__answer_classes(GaclipAccuracy *out, GaclipModel *model, const GaclipVectors *embeddings,
                           const GaclipNames *names, const GaclipEvalOptions *options,
                           GaclipError *err);

#endif
