/* Files that appear under their name only when complete. */
#ifndef GACLIP_BASE_ATOMIC_FILE_H
#define GACLIP_BASE_ATOMIC_FILE_H

#include <stdio.h>

#include "gaclip/error.h"

typedef struct GaclipAtomicFile {
    FILE *stream; /* write here */
    char *path, *temporary;
} GaclipAtomicFile;

/* Opens a temporary file beside path. Ends with one of the other two. */
int gaclip__atomic_open(GaclipAtomicFile *file, const char *path, GaclipError *err);
/* Flushes, syncs and renames; on failure nothing is left and an older file stays as it was. */
int gaclip__atomic_commit(GaclipAtomicFile *file, GaclipError *err);
void gaclip__atomic_abandon(GaclipAtomicFile *file);

#endif
