/* Weights files of any naming, put together tensor by tensor. */
#ifndef GACLIP_TESTS_FOREIGN_MODEL_H
#define GACLIP_TESTS_FOREIGN_MODEL_H

#include "model/model.h"
#include "oracle.h"

enum { FOREIGN_TENSORS = 256, FOREIGN_NAME = 160 };

typedef struct ForeignModel {
    GaclipTensor tensors[FOREIGN_TENSORS];
    char names[FOREIGN_TENSORS][FOREIGN_NAME];
    size_t count;
} ForeignModel;

/* Names as OpenAI has them; values are lent by the model or file. */
void foreign_from_model(ForeignModel *foreign, const GaclipModel *model);
void foreign_from_file(ForeignModel *foreign, const GaclipSafetensors *file);

/* Fails the test where there is none. */
GaclipTensor *foreign_find(ForeignModel *foreign, const char *name);
void foreign_rename(ForeignModel *foreign, const char *from, const char *to);
void foreign_prefix(ForeignModel *foreign, const char *prefix);
void foreign_remove(ForeignModel *foreign, const char *name);
/* A table of f32; values (rows, columns) are lent. */
void foreign_add(ForeignModel *foreign, const char *name, int rows, int columns,
                 const float *values);

/* All tensors, or those whose index modulo parts is part, as safetensors. */
void foreign_write(const ForeignModel *foreign, const char *path);
void foreign_write_part(const ForeignModel *foreign, const char *path, size_t part, size_t parts);

/* A CLIP model without any addition: windows of 16 pixels, patches of 8, both towers 32 wide, 77
 * positions, the vocabulary of foreign_tokenizer. Close with oracle_model_close. */
GaclipModel *plain_model(uint64_t seed);
/* Two merges, which plain_model's vocabulary follows from, as merges.txt has them. */
extern const char FOREIGN_MERGES[];

#endif
