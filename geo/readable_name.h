/* Class names as people would say them. */
#ifndef GACLIP_GEO_READABLE_NAME_H
#define GACLIP_GEO_READABLE_NAME_H

#include <stddef.h>

/* "small-vehicle", "small_vehicle", "SmallVehicle" become "small vehicle", "BridgeOverWater" and
 * the run-together names of known data sets ("storagetank", "groundtrackfield") likewise. Writes at
 * most size bytes with the zero. */
void gaclip__readable_name(char *out, size_t size, const char *name);

#endif
