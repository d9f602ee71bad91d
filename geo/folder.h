/* Folders of any of GDAL's file systems. */
#ifndef GACLIP_GEO_FOLDER_H
#define GACLIP_GEO_FOLDER_H

#include "gaclip/error.h"

int gaclip__is_folder(const char *path);
int gaclip__is_file(const char *path);

/* Names in the folder in byte order, without those that start with a dot; NULL where there are
 * none. The caller frees *out with CSLDestroy. */
int gaclip__folder_names(char ***out, const char *path, GaclipError *err);

/* folder/name where that is a folder, else a copy of folder; the caller frees it with CPLFree. */
char *gaclip__inner_folder(const char *folder, const char *name);

/* Whether a file's extension is one of an image: jpg, png, tif, webp and the like. */
int gaclip__is_image_name(const char *name);

/* The image in folder that is called stem, with whatever extension; NULL where there is none. Lent
 * until the next calls of GDAL's on the thread. */
const char *gaclip__find_image(const char *folder, const char *stem);

#endif
