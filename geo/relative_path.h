/* How a file is named from another one's folder, so that both can be moved together. */
#ifndef GACLIP_GEO_RELATIVE_PATH_H
#define GACLIP_GEO_RELATIVE_PATH_H

/* path, as seen from folder: "../images/a.tif". Names that are no files of the disk stay as they
 * are. The caller frees it with CPLFree. */
char *gaclip__relative_path(const char *path, const char *folder);

#endif
