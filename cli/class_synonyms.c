#include "class_synonyms.h"

#include <string.h>

static int add(ClassSynonyms *all, const char *name, const char *class_name, GaclipError *err)
{
    int status = text_list_add(&all->names, name, strlen(name), err);
    return status == GACLIP_OK ? text_list_add(&all->classes, class_name, strlen(class_name), err)
                               : status;
}

int class_synonyms_add(ClassSynonyms *all, const GaclipDataset *dataset, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < gaclip_dataset_class_count(dataset); i++) {
        const GaclipDatasetClass *class = gaclip_dataset_class_at(dataset, i);
        for (int k = 0; k < class->synonym_count && status == GACLIP_OK; k++)
            status = add(all, class->synonyms[k], class->name, err);
    }
    return status;
}

void class_synonyms_clear(ClassSynonyms *all)
{
    text_list_clear(&all->names);
    text_list_clear(&all->classes);
}
