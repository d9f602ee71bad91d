#include "yolo_names.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "text_lines.h"

static char *find_file(const char *folder)
{
    static const char *const NAMES[] = {"data.yaml", "dataset.yaml", "classes.txt", "obj.names"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *path = CPLFormFilename(folder, NAMES[i], NULL);
        if (gaclip__is_file(path)) return CPLStrdup(path);
    }
    return NULL;
}

/* A name without quotes, blanks and what stands around it in YAML. */
static char **add_name(char **names, char *text)
{
    static const char AROUND[] = " \t'\"[]{},";
    text += strspn(text, AROUND);
    size_t length = strlen(text);
    while (length && strchr(AROUND, text[length - 1])) text[--length] = '\0';
    return length ? CSLAddString(names, text) : names;
}

/* "names: ['a', 'b']", or "- a" and "0: a" on the lines behind "names:"; numbers count from 0 in
 * their order, as Ultralytics writes them. */
static char **read_yaml(GaclipTextLines *lines)
{
    char **names = NULL, *line = gaclip__lines_next(lines);
    while (line && !STARTS_WITH(line, "names:")) line = gaclip__lines_next(lines);
    if (line && strchr(line, '[')) {
        char **parts = CSLTokenizeString2(line + strlen("names:"), ",", 0);
        for (int i = 0; parts[i]; i++) names = add_name(names, parts[i]);
        CSLDestroy(parts);
        return names;
    }
    for (line = line ? gaclip__lines_next(lines) : NULL; line; line = gaclip__lines_next(lines)) {
        char *colon = line + strspn(line, "0123456789");
        if (*line == '-')
            names = add_name(names, line + 1);
        else if (colon > line && *colon == ':' && atoi(line) == CSLCount(names))
            names = add_name(names, colon + 1);
        else
            break;
    }
    return names;
}

static char **read_list(GaclipTextLines *lines)
{
    char **names = NULL;
    for (char *line = gaclip__lines_next(lines); line; line = gaclip__lines_next(lines))
        names = CSLAddString(names, line);
    return names;
}

int gaclip__yolo_names(char ***out, const char *folder, const char *file, GaclipError *err)
{
    GaclipTextLines lines;
    char *path = file ? CPLStrdup(file) : find_file(folder);
    *out = NULL;
    if (!path)
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: has neither data.yaml nor classes.txt; name the file with the "
                                "classes' names",
                                folder);
    int status = gaclip__lines_open(&lines, path, err);
    if (!status) {
        int is_yaml = EQUAL(CPLGetExtension(path), "yaml") || EQUAL(CPLGetExtension(path), "yml");
        *out = is_yaml ? read_yaml(&lines) : read_list(&lines);
        if (!*out)
            status = gaclip_error_set(err, GACLIP_ERROR_FORMAT, "%s: names no classes%s", path,
                                      is_yaml ? " (\"names: [a, b]\", or one a line)" : "");
        gaclip__lines_close(&lines);
    }
    CPLFree(path);
    return status;
}
