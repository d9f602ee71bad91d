#include "gaclip/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Control characters (from a tensor's name, say) would break the line or command a terminal. */
static void keep_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127) *text = ' ';
}

int gaclip_error_set(GaclipError *err, int status, const char *format, ...)
{
    if (!err) return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    keep_one_line(err->message);
    err->status = status;
    return status;
}

int gaclip_error_prefix(GaclipError *err, const char *format, ...)
{
    if (!err) return GACLIP_ERROR_ARGUMENT;
    char context[sizeof err->message], whole[2 * sizeof err->message + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%s: %s", context, err->message);
    whole[sizeof err->message - 1] = '\0';
    memcpy(err->message, whole, sizeof err->message);
    keep_one_line(err->message);
    return err->status;
}

void gaclip_error_clear(GaclipError *err)
{
    if (!err) return;
    err->status = GACLIP_OK;
    err->message[0] = '\0';
}
