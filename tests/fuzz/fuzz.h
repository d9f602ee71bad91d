/* What the fuzz targets share. */
#ifndef GACLIP_TESTS_FUZZ_H
#define GACLIP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "gaclip/error.h"

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer where something does not hold. */
void fuzz_expect(int holds, const char *what);
/* A refusal says why, in one line. */
void fuzz_expect_message(const GaclipError *err);

/* The path of a file in memory that holds the data until the next call; NULL when there is none. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Opens a weights file and reads every value of it. */
void fuzz_read_weights(const char *path);

#endif
