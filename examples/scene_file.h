/* A scene as files: a GeoTIFF and a GeoPackage of its annotations. */
#ifndef EXAMPLES_SCENE_FILE_H
#define EXAMPLES_SCENE_FILE_H

#include "scene.h"

/* Both files are complete before either gets its name; existing ones are replaced. */
int scene_write(const Scene *scene, const char *raster, const char *annotations, GaclipError *err);

#endif
