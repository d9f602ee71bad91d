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

static const GaclipSynonym *find(const GaclipModel *model, const char *name)
{
    for (size_t i = 0; i < model->synonym_count; i++)
        if (gaclip_same_class(model->synonyms[i].name, name)) return &model->synonyms[i];
    return NULL;
}

const char *gaclip_model_class_of(const GaclipModel *model, const char *name)
{
    const GaclipSynonym *known = find(model, name);
    return known ? known->class_name : name;
}

/* Words that a person could ask for, and that may stand in a layer. */
static int is_name(const char *text)
{
    int has_letter = 0;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) return 0;
        has_letter |= *c != ' ';
    }
    return has_letter;
}

/* What were names of a class that now is itself another name become names of that one. */
static int rename_class(GaclipModel *fresh, const char *from, const char *to)
{
    for (size_t i = 0; i < fresh->synonym_count; i++) {
        GaclipSynonym *s = &fresh->synonyms[i];
        if (!gaclip_same_class(s->class_name, from)) continue;
        char *copy = strdup(to);
        if (!copy) return 0;
        free((char *)s->class_name);
        s->class_name = copy;
    }
    return 1;
}

/* fresh has room for it; row is not of fresh. */
static int add(GaclipModel *fresh, const GaclipSynonym *row, GaclipError *err)
{
    if (!is_name(row->name) || !is_name(row->class_name))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "a synonym is blank or holds control characters");
    const char *class = gaclip_model_class_of(fresh, row->class_name);
    if (gaclip_same_class(row->name, class) || find(fresh, row->name)) return GACLIP_OK;
    GaclipSynonym *added = &fresh->synonyms[fresh->synonym_count++];
    *added = (GaclipSynonym){strdup(row->name), strdup(class)};
    if (added->name && added->class_name && rename_class(fresh, row->name, added->class_name))
        return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

int gaclip_model_set_synonyms(GaclipModel *model, const GaclipSynonym *rows, size_t count,
                              GaclipError *err)
{
    if (count > MOST_SYNONYMS)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "%zu synonyms: a model has at most %d", count, MOST_SYNONYMS);
    GaclipModel fresh = {.synonyms = calloc(count + 1, sizeof *rows)};
    int status =
        fresh.synonyms ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count && !status; i++) status = add(&fresh, &rows[i], err);
    if (status) {
        gaclip__synonyms_clear(&fresh);
        return status;
    }
    gaclip__synonyms_clear(model);
    model->synonyms = fresh.synonyms;
    model->synonym_count = fresh.synonym_count;
    return GACLIP_OK;
}

static int is_list_of_names(const cJSON *names)
{
    if (!cJSON_IsArray(names)) return 0;
    for (const cJSON *item = names->child; item; item = item->next)
        if (!cJSON_IsString(item)) return 0;
    return 1;
}

static int count_names(size_t *count, const cJSON *json, GaclipError *err)
{
    *count = 0;
    for (const cJSON *names = json->child; names; names = names->next) {
        if (!is_list_of_names(names))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "\"synonyms\" of \"%s\" are no list of names", names->string);
        *count += (size_t)cJSON_GetArraySize(names);
    }
    return GACLIP_OK;
}

static int read_names(GaclipModel *model, const cJSON *json, GaclipError *err)
{
    size_t count, at = 0;
    int status = count_names(&count, json, err);
    if (status) return status;
    GaclipSynonym *rows = calloc(count + 1, sizeof *rows);
    if (!rows) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (const cJSON *names = json->child; names; names = names->next)
        for (const cJSON *item = names->child; item; item = item->next)
            rows[at++] = (GaclipSynonym){item->valuestring, names->string};
    status = gaclip_model_set_synonyms(model, rows, count, err);
    free(rows);
    return status;
}

int gaclip__synonyms_from_json(GaclipModel *model, const cJSON *json, GaclipError *err)
{
    if (!json) return GACLIP_OK;
    int status = cJSON_IsObject(json)
                     ? read_names(model, json, err)
                     : gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                        "\"synonyms\" is no object of lists of names");
    if (status) gaclip_error_prefix(err, "model metadata");
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
