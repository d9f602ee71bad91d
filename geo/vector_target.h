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
    char *folder;         /* the temporary one, beside path; NULL where there is none */
    char *unfinished;     /* folder + name of path; NULL until gaclip__target_create */
    int overwrite;
    int is_extended; /* the dataset at path itself is written to, in a transaction */
} GaclipVectorTarget;

/* Finds the driver (format is a short name, or NULL: by the extension), refuses an existing target
 * without overwrite, and sees whether a temporary folder can be made there: everything that can be
 * known to fail before the work does so here, and a process that is killed during the work leaves
 * none. Ends with commit or abandon. */
int gaclip__target_open(GaclipVectorTarget *target, const char *path, const char *format,
                        int overwrite, GaclipError *err);

/* The same for an output that may be there: then it is extended. A GeoPackage alone is: it has
 * transactions, so that a run that fails or is killed leaves the file as it was, and keeps what
 * runs there were. */
int gaclip__target_extend(GaclipVectorTarget *target, const char *path, const char *format,
                          GaclipError *err);

/* The dataset that is extended, for update; NULL, with GDAL's reason, where it cannot be opened.
 * The caller closes it. */
GDALDatasetH gaclip__target_existing(const GaclipVectorTarget *target);

/* Creates the dataset, or opens the one that is extended; it belongs to the target. */
int gaclip__target_create(GaclipVectorTarget *target, GaclipError *err);

/* Closes the dataset and moves a new one into place; on failure nothing is left under the target's
 * name that was not there before. Abandons whatever happens. */
int gaclip__target_commit(GaclipVectorTarget *target, GaclipError *err);
void gaclip__target_abandon(GaclipVectorTarget *target);

#endif
