#include "text_lines.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gdal_error.h"

int gaclip__lines_open(GaclipTextLines *lines, const char *path, GaclipError *err)
{
    GByte *text = NULL;
    *lines = (GaclipTextLines){0};
    gaclip__gdal_quiet_begin();
    int is_read = VSIIngestFile(NULL, path, &text, NULL, -1);
    gaclip__gdal_quiet_end();
    if (!is_read)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be read; check the name and its permissions", path);
    lines->text = lines->rest = (char *)text;
    if (!strncmp(lines->rest, "\xEF\xBB\xBF", 3)) lines->rest += 3; /* byte order mark */
    if (CPLIsUTF8(lines->text, -1)) return GACLIP_OK;
    gaclip__lines_close(lines);
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: is no text in UTF-8", path);
}

static char *trim(char *line)
{
    while (isspace((unsigned char)*line)) line++;
    size_t length = strlen(line);
    while (length > 0 && isspace((unsigned char)line[length - 1])) line[--length] = '\0';
    return line;
}

char *gaclip__lines_next(GaclipTextLines *lines)
{
    while (lines->rest && *lines->rest) {
        char *line = lines->rest, *end = strchr(line, '\n');
        if (end) *end = '\0';
        lines->rest = end ? end + 1 : NULL;
        lines->number++;
        line = trim(line);
        if (*line) return line;
    }
    return NULL;
}

void gaclip__lines_close(GaclipTextLines *lines)
{
    CPLFree(lines->text);
    *lines = (GaclipTextLines){0};
}

int gaclip__take_number(double *out, const char **text)
{
    char *end;
    double value = CPLStrtod(*text, &end);
    int is_word = end != *text && (*end == '\0' || isspace((unsigned char)*end));
    if (!is_word || !isfinite(value)) return 0;
    *out = value;
    while (isspace((unsigned char)*end)) end++;
    *text = end;
    return 1;
}
