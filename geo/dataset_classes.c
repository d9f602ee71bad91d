/* Classes that are one and the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "dataset_events.h"
#include "gaclip/dataset_tools.h"

/* The class that has this one's name among its synonyms, or -1. is_gone (class_count) are those
 * that were united with others. */
static int find_wider(const GaclipDataset *dataset, int class_index, const char *is_gone)
{
    const char *name = dataset->classes[class_index].name;
    for (int c = 0; c < dataset->class_count; c++)
        for (int s = 0; s < dataset->classes[c].synonym_count && c != class_index && !is_gone[c];
             s++)
            if (dataset->classes[c].synonyms[s] == name) return c;
    return -1;
}

static void replace_class(GaclipDataset *dataset, int from, int to)
{
    for (int i = 0; i < dataset->image_count; i++)
        for (int r = 0; r < dataset->images[i].region_count; r++)
            if (dataset->images[i].regions[r].class_index == from)
                dataset->images[i].regions[r].class_index = to;
}

static int unite(GaclipDataset *dataset, int from, int to, GaclipError *err)
{
    const GaclipDatasetClass *c = &dataset->classes[from];
    int status = GACLIP_OK;
    replace_class(dataset, from, to);
    for (int s = 0; s < c->synonym_count && !status; s++)
        status = gaclip__dataset_add_synonym(dataset, to, c->synonyms[s], err);
    return status;
}

/* Takes the classes that are gone out of the list. */
static void close_ranks(GaclipDataset *dataset, const char *is_gone)
{
    int kept = 0;
    for (int c = 0; c < dataset->class_count; c++) {
        if (is_gone[c]) {
            free((void *)(uintptr_t)dataset->classes[c].synonyms);
            continue;
        }
        if (kept != c) replace_class(dataset, c, kept);
        dataset->classes[kept++] = dataset->classes[c];
    }
    dataset->class_count = kept;
}

int gaclip_dataset_unite_classes(int *united, GaclipDataset *dataset,
                                 const GaclipDatasetEvents *events, GaclipError *err)
{
    static const GaclipDatasetImage NONE = {.path = "classes"};
    char *is_gone = calloc((size_t)dataset->class_count + 1, 1);
    int status = GACLIP_OK;
    if (!is_gone) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    *united = 0;
    for (int c = 0; c < dataset->class_count && !status; c++) {
        int wider = find_wider(dataset, c, is_gone);
        if (wider < 0) continue;
        gaclip__dataset_found(events, &NONE, 0, -1, "\"%s\" is a synonym of \"%s\": one class",
                              dataset->classes[c].name, dataset->classes[wider].name);
        is_gone[c] = 1;
        ++*united;
        status = unite(dataset, c, wider, err);
    }
    close_ranks(dataset, is_gone);
    free(is_gone);
    return status;
}
