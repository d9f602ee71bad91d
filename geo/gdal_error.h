/* GDAL's own messages, kept off the terminal and put into ours. */
#ifndef GACLIP_GEO_GDAL_ERROR_H
#define GACLIP_GEO_GDAL_ERROR_H

#include "gaclip/error.h"

/* Between these two, on this thread, GDAL prints nothing; its latest message can be asked for. None
 * is left behind: callers of a driver take one for a failure of the call. */
void gaclip__gdal_quiet_begin(void);
void gaclip__gdal_quiet_end(void);

/* " (MESSAGE)" of GDAL's latest error, or "" where there was none. Lent until the next call on this
 * thread. */
const char *gaclip__gdal_reason(void);

#endif
