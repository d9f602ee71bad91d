#include "classes.h"

#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_distinct(const TextList *classes, GaclipError *err)
{
    size_t count = (size_t)classes->count;
    char **sorted = malloc(count * sizeof *sorted);
    if (sorted == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    memcpy(sorted, classes->items, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_names);
    int status = GACLIP_OK;
    for (size_t i = 1; i < count && status == GACLIP_OK; i++)
        if (!strcmp(sorted[i - 1], sorted[i]))
            status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                      "the class \"%s\" is named twice; name each once", sorted[i]);
    free(sorted);
    return status;
}

/* What is written into layers is UTF-8. */
static int check_encoding(const TextList *classes, const char *file, GaclipError *err)
{
    for (int i = 0; i < classes->count; i++)
        if (!CPLIsUTF8(classes->items[i], -1))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "%s%snumber %d of the classes is no text in UTF-8",
                                    file != NULL ? file : "", file != NULL ? ": " : "", i + 1);
    return GACLIP_OK;
}

int classes_gather(TextList *classes, const char *file, GaclipError *err)
{
    if (file != NULL) {
        int status = file_read_lines(classes, file, err);
        if (status != GACLIP_OK) return status;
        if (classes->count == 0)
            return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: holds no class; write one a line",
                                    file);
    }
    if (classes->count == 0)
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                "no classes; say what to look for, as in --classes windmill");
    int status = check_encoding(classes, file, err);
    return status == GACLIP_OK ? check_distinct(classes, err) : status;
}
