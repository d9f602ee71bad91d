/* Where gaclip-detect writes to: one output a scene. */
#ifndef GACLIP_CLI_DETECT_OUTPUTS_H
#define GACLIP_CLI_DETECT_OUTPUTS_H

#include "options.h"

/* <scene>_detections.<extension> in the working folder for each scene; format is an OGR driver's
 * short name, or GACLIP, or NULL for GeoPackage. Two scenes of one name are an error. */
int detect_name_outputs(TextList *outputs, const char **scenes, int count, const char *format,
                        GaclipError *err);

/* The one that was named, for every scene: more than one need append. */
int detect_share_output(TextList *outputs, const char *output, int append, int count,
                        GaclipError *err);

#endif
