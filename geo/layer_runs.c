#include "layer_runs.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal.h>
#include <string.h>

/* The item of a further run, from 2 on; NULL where there is none. */
static const char *further_run(OGRLayerH layer, int number)
{
    return GDALGetMetadataItem(layer, CPLSPrintf("GACLIP_RUN_%d", number), NULL);
}

/* GACLIP_ and the fact's name in capitals; the caller frees it with CPLFree. */
static char *key_of(const cJSON *fact)
{
    char *key = CPLStrdup(CPLSPrintf("GACLIP_%s", fact->string));
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

void gaclip__layer_runs_add(OGRLayerH layer, const cJSON *provenance)
{
    const cJSON *fact;
    if (GDALGetMetadataItem(layer, "GACLIP_CREATED", NULL)) {
        int number = 2;
        while (further_run(layer, number)) number++;
        set_item(layer, CPLSPrintf("GACLIP_RUN_%d", number), provenance);
        return;
    }
    cJSON_ArrayForEach(fact, provenance)
    {
        char *key = key_of(fact);
        set_item(layer, key, fact);
        CPLFree(key);
    }
}

static int first_holds(OGRLayerH layer, const cJSON *facts)
{
    const cJSON *fact;
    int holds = 1;
    cJSON_ArrayForEach(fact, facts)
    {
        char *key = key_of(fact), *text = text_of(fact);
        const char *known = GDALGetMetadataItem(layer, key, NULL);
        holds &= known && !strcmp(known, text);
        CPLFree(key);
        CPLFree(text);
    }
    return holds;
}

static int run_holds(const char *run, const cJSON *facts)
{
    cJSON *known = cJSON_Parse(run);
    const cJSON *fact;
    int holds = known != NULL;
    cJSON_ArrayForEach(fact, facts)
    {
        holds &= cJSON_Compare(cJSON_GetObjectItemCaseSensitive(known, fact->string), fact, 1);
    }
    cJSON_Delete(known);
    return holds;
}

int gaclip__layer_runs_hold(OGRLayerH layer, const cJSON *facts)
{
    const char *run;
    int holds = first_holds(layer, facts);
    for (int number = 2; !holds && (run = further_run(layer, number)) != NULL; number++)
        holds = run_holds(run, facts);
    return holds;
}
