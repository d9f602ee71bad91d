/* Folders of images that are named after the class of the scene, as AID, RSI-CB and EuroSAT come:
 * ROOT/CLASS/IMAGE, or ROOT/SPLIT/CLASS/IMAGE. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"

static int read_class(const GaclipDatasetReading *r, const char *folder, const char *scene,
                      GaclipError *err)
{
    GaclipDatasetReading reading = *r;
    char **names;
    int status = gaclip__folder_names(&names, folder, err);
    reading.folder = folder;
    reading.is_annotated = 0;
    for (int i = 0; names && names[i] && !status; i++) {
        int index;
        if (!gaclip__is_image_name(names[i])) continue;
        status = gaclip__dataset_add_file(&index, &reading, names[i], err);
        if (!status)
            status = gaclip__dataset_name(&r->dataset->images[index].scene, r->dataset, scene, err);
    }
    CSLDestroy(names);
    return status;
}

static int is_split(const char *name)
{
    return !strcmp(name, "train") || !strcmp(name, "val") || !strcmp(name, "test");
}

static int read_root(const GaclipDatasetReading *r, const char *root, int may_split,
                     GaclipError *err)
{
    char **names;
    int status = gaclip__folder_names(&names, root, err);
    for (int i = 0; names && names[i] && !status; i++) {
        char *folder = CPLStrdup(CPLFormFilename(root, names[i], NULL));
        GaclipDatasetReading reading = *r;
        reading.split = names[i];
        if (gaclip__is_folder(folder))
            status = may_split && is_split(names[i]) ? read_root(&reading, folder, 0, err)
                                                     : read_class(r, folder, names[i], err);
        CPLFree(folder);
    }
    CSLDestroy(names);
    return status;
}

int gaclip__dataset_read_folders(const GaclipDatasetReading *r, GaclipError *err)
{
    int before = r->dataset->image_count;
    int status = read_root(r, r->path, 1, err);
    if (status || r->dataset->image_count > before) return status;
    return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                            "%s: has no folders with images; each class has one", r->path);
}
