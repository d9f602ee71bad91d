#include "vector_target.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gdal_error.h"
#include "temporary_file.h"

enum { FOLDER_TRIES = 100 };

static int writes_vectors(GDALDriverH driver)
{
    return GDALGetMetadataItem(driver, GDAL_DCAP_VECTOR, NULL) &&
           GDALGetMetadataItem(driver, GDAL_DCAP_CREATE, NULL);
}

static int has_extension(GDALDriverH driver, const char *extension)
{
    const char *known = GDALGetMetadataItem(driver, GDAL_DMD_EXTENSIONS, NULL);
    char **list = CSLTokenizeString2(known ? known : "", " ", 0);
    int found = CSLFindString(list, extension) >= 0;
    CSLDestroy(list);
    return found;
}

static GDALDriverH driver_by_extension(const char *path)
{
    const char *extension = CPLGetExtension(path);
    if (EQUAL(extension, "json")) extension = "geojson";
    for (int i = 0; i < GDALGetDriverCount() && *extension; i++) {
        GDALDriverH driver = GDALGetDriver(i);
        if (writes_vectors(driver) && has_extension(driver, extension)) return driver;
    }
    return NULL;
}

static int find_driver(GaclipVectorTarget *target, const char *path, const char *format,
                       GaclipError *err)
{
    target->driver = format ? GDALGetDriverByName(format) : driver_by_extension(path);
    if (!target->driver && format)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--of %s: GDAL has no such driver; see --formats", format);
    if (!target->driver)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s: no vector format has this extension; name one with --of",
                                path);
    if (!writes_vectors(target->driver))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--of %s: the driver cannot create vector files; see --formats",
                                format);
    const char *prefix = GDALGetMetadataItem(target->driver, GDAL_DMD_CONNECTION_PREFIX, NULL);
    if (prefix && *prefix && STARTS_WITH_CI(path, prefix))
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%s: only files are written, no databases; write a GeoPackage and "
                                "load it with ogr2ogr",
                                path);
    return GACLIP_OK;
}

/* A hidden folder beside the target, so that moving out of it is a mere rename. */
static int make_folder(GaclipVectorTarget *target, GaclipError *err)
{
    const char *beside = CPLGetPath(target->path);
    char *parent = CPLStrdup(*beside ? beside : ".");
    int status = -1;
    for (int i = 0; i < FOLDER_TRIES && status; i++) {
        const char *name = CPLSPrintf(".gaclip-%ld-%d", (long)getpid(), i);
        CPLFree(target->folder);
        target->folder = CPLStrdup(CPLFormFilename(parent, name, NULL));
        errno = 0;
        status = VSIMkdir(target->folder, 0777);
        if (status && errno != EEXIST) break;
    }
    CPLFree(parent);
    if (!status) return GACLIP_OK;
    CPLFree(target->folder);
    target->folder = NULL;
    return gaclip_error_set(err, GACLIP_ERROR_IO,
                            "%s: cannot be written (%s); choose a folder that exists and is yours",
                            target->path, errno ? strerror(errno) : "the folder is read-only");
}

/* With whatever is in it. */
static void drop_folder(GaclipVectorTarget *target)
{
    if (target->folder) VSIRmdirRecursive(target->folder);
    CPLFree(target->folder);
    target->folder = NULL;
}

int gaclip__target_open(GaclipVectorTarget *target, const char *path, const char *format,
                        int overwrite, GaclipError *err)
{
    *target = (GaclipVectorTarget){.overwrite = overwrite};
    int status = find_driver(target, path, format, err);
    if (!status) status = gaclip__check_output(path, overwrite, err);
    if (status) return status;
    target->path = CPLStrdup(path);
    status = make_folder(target, err);
    if (status)
        gaclip__target_abandon(target);
    else
        drop_folder(target);
    return status;
}

GDALDatasetH gaclip__target_existing(const GaclipVectorTarget *target)
{
    const char *const drivers[] = {GDALGetDriverShortName(target->driver), NULL};
    CPLErrorReset();
    return GDALOpenEx(target->path, GDAL_OF_VECTOR | GDAL_OF_UPDATE | GDAL_OF_VERBOSE_ERROR,
                      drivers, NULL, NULL);
}

static int cannot_extend(const GaclipVectorTarget *target, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be opened to append to as %s%s",
                            target->path, GDALGetDriverShortName(target->driver),
                            gaclip__gdal_reason());
}

/* SQLite needs to write beside the file, too. */
static int check_existing(GaclipVectorTarget *target, GaclipError *err)
{
    GDALDatasetH dataset = gaclip__target_existing(target);
    if (!dataset) return cannot_extend(target, err);
    GDALClose(dataset);
    int status = make_folder(target, err);
    if (!status) drop_folder(target);
    return status;
}

static int check_driver(const GaclipVectorTarget *target, const char *path, GaclipError *err)
{
    const char *name = GDALGetDriverShortName(target->driver);
    if (EQUAL(name, "GPKG")) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "%s: %s is not appended to: a run that is stopped would leave half of "
                            "its boxes; append to a GeoPackage",
                            path, name);
}

int gaclip__target_extend(GaclipVectorTarget *target, const char *path, const char *format,
                          GaclipError *err)
{
    VSIStatBufL facts;
    *target = (GaclipVectorTarget){.is_extended = 1};
    int status = find_driver(target, path, format, err);
    if (!status) status = check_driver(target, path, err);
    if (status) return status;
    if (VSIStatL(path, &facts)) return gaclip__target_open(target, path, format, 0, err);
    target->path = CPLStrdup(path);
    status = gaclip__check_output(path, 1, err);
    if (!status) status = check_existing(target, err);
    if (status) gaclip__target_abandon(target);
    return status;
}

int gaclip__target_create(GaclipVectorTarget *target, GaclipError *err)
{
    if (target->is_extended) {
        target->dataset = gaclip__target_existing(target);
        return target->dataset ? GACLIP_OK : cannot_extend(target, err);
    }
    int status = make_folder(target, err);
    if (status) return status;
    target->unfinished =
        CPLStrdup(CPLFormFilename(target->folder, CPLGetFilename(target->path), NULL));
    target->dataset = GDALCreate(target->driver, target->unfinished, 0, 0, 0, GDT_Unknown, NULL);
    if (target->dataset) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be created%s", target->path,
                            gaclip__gdal_reason());
}

/* What to move out, the target's own name last: nothing appears under it before all is there. */
static char **list_files(const GaclipVectorTarget *target)
{
    char **names = VSIReadDir(target->folder), **list = NULL;
    const char *last = CPLGetFilename(target->path);
    for (int i = 0; names && names[i]; i++)
        if (!EQUAL(names[i], ".") && !EQUAL(names[i], "..") && strcmp(names[i], last))
            list = CSLAddString(list, names[i]);
    CSLDestroy(names);
    return CSLAddString(list, last);
}

static char *beside_target(const GaclipVectorTarget *target, const char *name)
{
    const char *beside = CPLGetPath(target->path);
    return CPLStrdup(CPLFormFilename(*beside ? beside : NULL, name, NULL));
}

static int check_names(const GaclipVectorTarget *target, char **names, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; names[i] && !status; i++) {
        char *path = beside_target(target, names[i]);
        status = gaclip__check_output(path, target->overwrite, err);
        CPLFree(path);
    }
    return status;
}

static int move_out(const GaclipVectorTarget *target, const char *name)
{
    char *from = CPLStrdup(CPLFormFilename(target->folder, name, NULL));
    char *to = beside_target(target, name);
    int status = VSIRename(from, to);
    CPLFree(from);
    CPLFree(to);
    return status;
}

/* The files of the dataset that is to be overwritten, NULL where there is none of its kind. */
static char **old_files(const GaclipVectorTarget *target)
{
    const char *const drivers[] = {GDALGetDriverShortName(target->driver), NULL};
    GDALDatasetH old = GDALOpenEx(target->path, GDAL_OF_VECTOR, drivers, NULL, NULL);
    char **files = old ? GDALGetFileList(old) : NULL;
    if (old) GDALClose(old);
    return files;
}

/* A side file of the old dataset that the new one did not replace would be taken for the new one's:
 * a spatial index, say. */
static void remove_stale(const GaclipVectorTarget *target, char **old, char **names)
{
    char *stem = CPLStrdup(CPLSPrintf("%s.", CPLGetBasename(target->path)));
    for (int i = 0; old && old[i]; i++) {
        const char *name = CPLGetFilename(old[i]);
        if (STARTS_WITH(name, stem) && CSLFindString(names, name) < 0) VSIUnlink(old[i]);
    }
    CPLFree(stem);
}

/* What SQLite keeps of a database that another program has open would be played into the new one.
 */
static void remove_journals(const GaclipVectorTarget *target)
{
    static const char *const SUFFIXES[] = {"-wal", "-shm", "-journal"};
    VSIStatBufL facts;
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof *SUFFIXES; i++) {
        char *name = CPLStrdup(CPLSPrintf("%s%s", target->path, SUFFIXES[i]));
        if (!VSIStatL(name, &facts)) VSIUnlink(name);
        CPLFree(name);
    }
}

static int move_all(const GaclipVectorTarget *target, char **names)
{
    char **old = target->overwrite ? old_files(target) : NULL;
    int status = 0;
    if (target->overwrite) remove_journals(target);
    for (int i = 0; names[i] && !status; i++) status = move_out(target, names[i]);
    if (!status) remove_stale(target, old, names);
    CSLDestroy(old);
    return status;
}

static int put_in_place(const GaclipVectorTarget *target, GaclipError *err)
{
    char **names = list_files(target);
    int status = check_names(target, names, err);
    if (!status && move_all(target, names))
        status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be put in place (%s)",
                                  target->path, strerror(errno));
    CSLDestroy(names);
    return status;
}

int gaclip__target_commit(GaclipVectorTarget *target, GaclipError *err)
{
    CPLErrorReset();
    GDALClose(target->dataset);
    target->dataset = NULL;
    int status = GACLIP_OK;
    if (*gaclip__gdal_reason())
        status =
            gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be completed%s; is the disk full?",
                             target->path, gaclip__gdal_reason());
    if (!status && !target->is_extended) status = put_in_place(target, err);
    gaclip__target_abandon(target);
    return status;
}

void gaclip__target_abandon(GaclipVectorTarget *target)
{
    if (target->dataset) GDALClose(target->dataset);
    drop_folder(target);
    CPLFree(target->unfinished);
    CPLFree(target->path);
    *target = (GaclipVectorTarget){0};
}
