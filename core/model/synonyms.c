#include "model/synonyms.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SYNONYMS = 4096 };

void gaclip__synonyms_clear(GaclipModel *model)
{
    for (size_t i = 0; i < model->synonym_count; i++) {
        free((char *)model->synonyms[i].name);
        free((char *)model->synonyms[i].class_name);
    }
    free(model->synonyms);
    model->synonyms = NULL;
    model->synonym_count = 0;
}

const GaclipSynonym *gaclip_model_synonyms(const GaclipModel *model, size_t *count)
{
    *count = model->synonym_count;
    return model->synonym_count ? model->synonyms : NULL;
}

const char *gaclip_model_class_of(const GaclipModel *model, const char *name)
{
    for (size_t i = 0; i < model->synonym_count; i++)
        if (gaclip_same_class(model->synonyms[i].name, name)) return model->synonyms[i].class_name;
    return name;
}

/* What were names of a class that now is itself another name become names of that one. */
static int rename_class(GaclipModel *model, const char *from, const char *to)
{
    for (size_t i = 0; i < model->synonym_count; i++) {
        GaclipSynonym *s = &model->synonyms[i];
        if (!gaclip_same_class(s->class_name, from)) continue;
        char *copy = strdup(to);
        if (!copy) return 0;
        free((char *)s->class_name);
        s->class_name = copy;
    }
    return 1;
}

static int append(GaclipModel *model, const char *name, const char *class_name)
{
    size_t count = model->synonym_count;
    GaclipSynonym *grown = realloc(model->synonyms, (count + 1) * sizeof *grown);
    if (!grown) return 0;
    model->synonyms = grown;
    GaclipSynonym added = {strdup(name), strdup(class_name)};
    if (!added.name || !added.class_name) {
        free((char *)added.name);
        free((char *)added.class_name);
        return 0;
    }
    grown[count] = added;
    model->synonym_count++;
    return 1;
}

int gaclip_model_add_synonym(GaclipModel *model, const char *class_name, const char *name,
                             GaclipError *err)
{
    const char *class = gaclip_model_class_of(model, class_name);
    if (gaclip_model_class_of(model, name) != name || gaclip_same_class(name, class))
        return GACLIP_OK;
    if (model->synonym_count >= MOST_SYNONYMS)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "a model has at most %d other names of classes", MOST_SYNONYMS);
    if (append(model, name, class) && rename_class(model, name, class)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static int read_class(GaclipModel *model, const cJSON *names, GaclipError *err)
{
    int is_list = cJSON_IsArray(names);
    for (const cJSON *item = is_list ? names->child : NULL; item; item = item->next) {
        const char *name = cJSON_GetStringValue(item);
        int status = name ? gaclip_model_add_synonym(model, names->string, name, err) : GACLIP_OK;
        if (status) return status;
        if (!name) is_list = 0;
    }
    if (is_list) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                            "model metadata: \"synonyms\" of \"%s\" are no list of names",
                            names->string);
}

int gaclip__synonyms_from_json(GaclipModel *model, const cJSON *json, GaclipError *err)
{
    const cJSON *names;
    int status = GACLIP_OK;
    if (!json) return GACLIP_OK;
    if (!cJSON_IsObject(json))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "model metadata: \"synonyms\" is no object of lists");
    cJSON_ArrayForEach(names, json) if (!status) status = read_class(model, names, err);
    return status;
}

cJSON *gaclip__synonyms_to_json(const GaclipModel *model)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < model->synonym_count; i++) {
        const GaclipSynonym *s = &model->synonyms[i];
        cJSON *names = cJSON_GetObjectItemCaseSensitive(object, s->class_name);
        if (!names) names = cJSON_AddArrayToObject(object, s->class_name);
        cJSON_AddItemToArray(names, cJSON_CreateString(s->name));
    }
    return object;
}
