/* Files that are written under another name first and put in place by renaming. */
#ifndef GACLIP_GEO_TEMPORARY_FILE_H
#define GACLIP_GEO_TEMPORARY_FILE_H

#include "gaclip/error.h"

/* Whether path may be written: nothing is there, or, with overwrite, an ordinary file. */
int gaclip__check_output(const char *path, int overwrite, GaclipError *err);

/* A name beside path, unlike any other writer's: "<path>.<process>-<number>.tmp". The caller frees
 * it with CPLFree. */
char *gaclip__temporary_name(const char *path);

/* Renames a temporary to path, together with what GDAL may have put beside it (.aux.xml, .ovr,
 * .msk, a world file); of what was there before the first three go, for they would be taken for the
 * new one's. 0 on success, else as VSIRename. */
int gaclip__put_in_place(const char *temporary, const char *path);

/* Removes temporaries of path that processes which are gone have left behind: those of no process
 * here that nobody wrote to for a while, as one on another machine may do. Does nothing in GDAL's
 * virtual file systems. */
void gaclip__remove_abandoned(const char *path);

#endif
