#include "layer_runs.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal.h>
#include <stdio.h>
#include <string.h>

/* GACLIP_ and the fact's name in capitals; the caller frees it with CPLFree. */
static char *key_of(const char *name)
{
    char *key = CPLStrdup(CPLSPrintf("GACLIP_%s", name));
    for (char *c = key; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
    return key;
}

/* Strings as they are, all else as JSON; the caller frees it with CPLFree. */
static char *text_of(const cJSON *fact)
{
    if (cJSON_IsString(fact)) return CPLStrdup(fact->valuestring);
    char *printed = cJSON_PrintUnformatted(fact), *text = CPLStrdup(printed ? printed : "");
    cJSON_free(printed);
    return text;
}

static void set_item(OGRLayerH layer, const char *key, const cJSON *fact)
{
    char *text = text_of(fact);
    GDALSetMetadataItem(layer, key, text, NULL);
    CPLFree(text);
}

static int next_number(OGRLayerH layer)
{
    int last = 1, number;
    for (char **item = GDALGetMetadata(layer, NULL); item && *item; item++)
        if (sscanf(*item, "GACLIP_RUN_%9d=", &number) == 1 && number > last) last = number;
    return last + 1;
}

static void add_further(OGRLayerH layer, const cJSON *provenance)
{
    cJSON *run = cJSON_Duplicate(provenance, 1);
    const char *first = GDALGetMetadataItem(layer, "GACLIP_COMMAND", NULL);
    const cJSON *command = cJSON_GetObjectItemCaseSensitive(run, "command");
    if (first && cJSON_IsString(command) && !strcmp(first, command->valuestring))
        cJSON_DeleteItemFromObjectCaseSensitive(run, "command");
    set_item(layer, CPLSPrintf("GACLIP_RUN_%d", next_number(layer)), run);
    cJSON_Delete(run);
}

void gaclip__layer_runs_add(OGRLayerH layer, const cJSON *provenance)
{
    const cJSON *fact;
    if (GDALGetMetadataItem(layer, "GACLIP_CREATED", NULL)) {
        add_further(layer, provenance);
        return;
    }
    cJSON_ArrayForEach(fact, provenance)
    {
        char *key = key_of(fact->string);
        set_item(layer, key, fact);
        CPLFree(key);
    }
}

static int run_holds(const char *run, const char *name, const char *text)
{
    cJSON *facts = cJSON_Parse(run);
    const cJSON *fact = cJSON_GetObjectItemCaseSensitive(facts, name);
    int holds = cJSON_IsString(fact) && !strcmp(fact->valuestring, text);
    cJSON_Delete(facts);
    return holds;
}

int gaclip__layer_runs_hold(OGRLayerH layer, const char *name, const char *text)
{
    char *key = key_of(name);
    const char *first = GDALGetMetadataItem(layer, key, NULL);
    int holds = first && !strcmp(first, text);
    CPLFree(key);
    for (char **item = GDALGetMetadata(layer, NULL); item && *item && !holds; item++) {
        const char *run = STARTS_WITH(*item, "GACLIP_RUN_") ? strchr(*item, '=') : NULL;
        if (run) holds = run_holds(run + 1, name, text);
    }
    return holds;
}
