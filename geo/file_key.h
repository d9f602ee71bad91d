/* Files as what a kept result goes with: whether they are the same as then. */
#ifndef GACLIP_GEO_FILE_KEY_H
#define GACLIP_GEO_FILE_KEY_H

#include <cjson/cJSON.h>

/* [name, size, time] of a file without its folder, so that results may be moved together with what
 * they were made from; [name] where there is no such file. */
cJSON *gaclip__file_key(const char *path);

/* One such array a file of a raster (NULL-terminated, as GDAL lists them), without the statistics
 * that a GIS writes beside it; where there are no files, the raster's name. */
cJSON *gaclip__raster_files_key(char *const *files, const char *raster);

#endif
