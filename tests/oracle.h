/* What the core's tests share: the oracle's fixtures and how values are compared. */
#ifndef GACLIP_TESTS_ORACLE_H
#define GACLIP_TESTS_ORACLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "gaclip/error.h"
#include "model/safetensors.h"

/* The oracle's tolerances (d = largest difference / largest expected value). */
#define FORWARD_TOLERANCE  1e-4
#define GRADIENT_TOLERANCE 1e-3

/* The path of a fixture, below GACLIP_ORACLE (default ../shared/oracle). Prints one line and skips
 * the test where the file is missing. The string lasts until the next call. */
const char *oracle_path(const char *name);

/* Opens a fixture or skips the test; close with gaclip__safetensors_close. */
GaclipSafetensors *oracle_open(const char *name);

/* A JSON fixture, or skip; free with cJSON_Delete. */
cJSON *oracle_json(const char *name);

/* The bytes of a file with a 0 behind them, or NULL; free with free(). size may be NULL. */
char *read_file(const char *path, size_t *size);

/* A tensor of the file, widened to f32; free with free(). Fails the test where it is missing. */
float *oracle_floats(const GaclipSafetensors *file, const char *name, size_t *count);
int32_t *oracle_integers(const GaclipSafetensors *file, const char *name, size_t *count);
/* A dimension of a tensor of the file. */
int oracle_dimension(const GaclipSafetensors *file, const char *name, int axis);

/* d of two arrays. A value that is not finite gives infinity. */
double difference(const float *got, const float *expected, size_t count);

/* Fails the test, with the name and d, where d > tolerance. */
void expect_close(const char *name, const float *got, const float *expected, size_t count,
                  double tolerance);
/* The same against a tensor of the file, whose count must be count. */
void expect_tensor(const GaclipSafetensors *file, const char *name, const float *got, size_t count,
                   double tolerance);

/* Fails the test with the message where status is not GACLIP_OK. */
void expect_ok(int status, const GaclipError *err);

/* Fails the test unless status is negative, the error's own, and the message one plain line that
 * starts with start (a path) and goes on. */
void expect_refusal(int status, const GaclipError *err, const char *start);

/* The path of a file in a folder of this run's own, which goes when the test program ends. The
 * string lasts until the eighth next call. */
const char *scratch_path(const char *name);
/* How many files and folders lie there. */
int scratch_count(void);
void write_file(const char *path, const void *bytes, size_t size);

/* From here on, files may not grow beyond size bytes (as on a full disk), or may again. */
void limit_files(size_t size);
void unlimit_files(void);

#endif
