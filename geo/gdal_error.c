#include "gdal_error.h"

#include <cpl_error.h>
#include <stdio.h>
#include <string.h>

void gaclip__gdal_quiet_begin(void)
{
    CPLPushErrorHandler(CPLQuietErrorHandler);
    CPLErrorReset();
}

void gaclip__gdal_quiet_end(void)
{
    CPLPopErrorHandler();
    CPLErrorReset();
}

const char *gaclip__gdal_reason(void)
{
    static _Thread_local char reason[512];
    const char *message = CPLGetLastErrorMsg();
    if (CPLGetLastErrorType() < CE_Failure || !message || !*message) return "";
    snprintf(reason, sizeof reason, " (%.500s)", message);
    return reason;
}
