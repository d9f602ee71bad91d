/* A vector output that appears under its name only when complete.
 *
 * It is created in a folder of its own beside the target and moved out file by file, so that
 * formats of several files (Shapefile) are whole as well. All paths go through GDAL's file system.
 */
#ifndef GACLIP_GEO_VECTOR_TARGET_H
#define GACLIP_GEO_VECTOR_TARGET_H

#include <gdal.h>

#include "gaclip/error.h"

typedef struct GaclipVectorTarget {
    GDALDriverH driver;
    GDALDatasetH dataset; /* NULL until gaclip__target_create */
    char *path;           /* as asked for */
    char *folder;         /* the temporary one, beside path; NULL where none is left */
    char *unfinished;     /* folder + name of path */
    int overwrite;
} GaclipVectorTarget;

/* Finds the driver (format is a short name, or NULL: by the extension), refuses an existing target
 * without overwrite, and makes the temporary folder: everything that can be known to fail before
 * the work does so here. Ends with commit or abandon. */
int gaclip__target_open(GaclipVectorTarget *target, const char *path, const char *format,
                        int overwrite, GaclipError *err);

/* Creates the dataset; it belongs to the target. */
int gaclip__target_create(GaclipVectorTarget *target, GaclipError *err);

/* Closes the dataset and moves it into place; on failure nothing is left under the target's name
 * that was not there before. Abandons whatever happens. */
int gaclip__target_commit(GaclipVectorTarget *target, GaclipError *err);
void gaclip__target_abandon(GaclipVectorTarget *target);

#endif
