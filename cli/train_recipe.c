/* Training by a recipe. */
#include <stdlib.h>
#include <string.h>

#include "class_synonyms.h"
#include "train_model.h"
#include "train_plan.h"

int train_recipe_open(TrainPlan *plan, GaclipError *err)
{
    int status = gaclip_recipe_open(&plan->recipe, plan->request->recipe, err);
    if (status == GACLIP_OK) plan->stage_count = gaclip_recipe_stage_count(plan->recipe);
    return status;
}

uint64_t train_recipe_seed(const TrainPlan *plan)
{
    return plan->request->seed >= 0 ? (uint64_t)plan->request->seed
                                    : gaclip_recipe_seed(plan->recipe);
}

static int open_sources(GaclipRecipeSources **out, const TrainPlan *plan,
                        const GaclipRecipeSource *sources, int count, GaclipError *err)
{
    const GaclipRecipeModel *model = gaclip_recipe_model(plan->recipe);
    return gaclip_recipe_sources_open(out, sources, count, model->gsd_min, model->gsd_max, err);
}

static int add_texts(TextList *list, const char *const *texts, int count, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < count && status == GACLIP_OK; i++)
        status = text_list_add(list, texts[i], strlen(texts[i]), err);
    return status;
}

/* What the samples of all stages say. */
typedef struct Words {
    TextList texts, classes;
    ClassSynonyms synonyms;
} Words;

static void clear_words(Words *words)
{
    text_list_clear(&words->texts);
    text_list_clear(&words->classes);
    class_synonyms_clear(&words->synonyms);
}

static int gather_stage(Words *words, const TrainPlan *plan, int index, GaclipError *err)
{
    const GaclipRecipeStage *stage = gaclip_recipe_stage_at(plan->recipe, index);
    GaclipRecipeSources *sources = NULL;
    const char *const *items;
    int count, status = open_sources(&sources, plan, stage->sources, stage->source_count, err);
    if (status == GACLIP_OK) status = gaclip_recipe_sources_texts(&items, &count, sources, err);
    if (status == GACLIP_OK) status = add_texts(&words->texts, items, count, err);
    if (status == GACLIP_OK) status = gaclip_recipe_sources_classes(&items, &count, sources, err);
    if (status == GACLIP_OK) status = add_texts(&words->classes, items, count, err);
    count = status == GACLIP_OK ? gaclip_recipe_sources_count(sources) : 0;
    for (int i = 0; i < count && status == GACLIP_OK; i++) {
        const GaclipDataset *dataset = gaclip_recipe_sources_dataset(sources, i);
        if (dataset != NULL) status = class_synonyms_add(&words->synonyms, dataset, err);
    }
    gaclip_recipe_sources_close(sources);
    return status;
}

/* Sorts, and drops what is there twice: stages share sources. */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void make_distinct(TextList *list)
{
    int kept = 0;
    if (list->count > 0) qsort(list->items, (size_t)list->count, sizeof *list->items, by_text);
    for (int i = 0; i < list->count; i++) {
        if (kept > 0 && !strcmp(list->items[kept - 1], list->items[i]))
            free(list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    if (list->items != NULL) list->items[kept] = NULL;
    list->count = kept;
}

static int open_initial(GaclipModel **out, const TrainPlan *plan, GaclipError *err)
{
    const GaclipRecipeModel *recipe = gaclip_recipe_model(plan->recipe);
    GaclipModelReading reading;
    gaclip_model_reading_init(&reading);
    reading.context = recipe->stretch_context;
    return gaclip_model_read(out, recipe->init, &reading, plan->compute, err);
}

static int is_listed(const TextList *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (gaclip_same_class(list->items[i], name)) return 1;
    return 0;
}

/* The data's, then what the model had before, but for names that are classes of their own now. */
static int set_synonyms(GaclipModel *model, const Words *words, GaclipError *err)
{
    size_t known, count = 0;
    const GaclipSynonym *old = gaclip_model_synonyms(model, &known);
    GaclipSynonym *rows = calloc(known + (size_t)words->synonyms.names.count + 1, sizeof *rows);
    if (rows == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < words->synonyms.names.count; i++)
        rows[count++] =
            (GaclipSynonym){words->synonyms.names.items[i], words->synonyms.classes.items[i]};
    for (size_t i = 0; i < known; i++)
        if (!is_listed(&words->classes, old[i].name)) rows[count++] = old[i];
    int status = gaclip_model_set_synonyms(model, rows, count, err);
    free(rows);
    return status;
}

/* The classes, each by one of its names alone. */
static int set_classes(GaclipModel *model, const Words *words, GaclipError *err)
{
    int count = 0, status = set_synonyms(model, words, err);
    const char **names = calloc((size_t)words->classes.count + 1, sizeof *names);
    if (status == GACLIP_OK && names == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < words->classes.count && status == GACLIP_OK; i++) {
        const char *name = words->classes.items[i];
        if (gaclip_model_class_of(model, name) == name) names[count++] = name;
    }
    if (status == GACLIP_OK)
        status = gaclip_model_set_texts(model, GACLIP_CLASS_HINTS, names, (size_t)count, err);
    free(names);
    return status;
}

static int set_texts(GaclipModel *model, const GaclipRecipeModel *recipe, const Words *words,
                     GaclipError *err)
{
    int status = set_classes(model, words, err);
    if (status == GACLIP_OK && recipe->template_count > 0)
        status = gaclip_model_set_texts(model, GACLIP_TEMPLATES, recipe->templates,
                                        (size_t)recipe->template_count, err);
    if (status == GACLIP_OK && recipe->background_count > 0)
        status = gaclip_model_set_texts(model, GACLIP_BACKGROUND, recipe->background,
                                        (size_t)recipe->background_count, err);
    if (recipe->gsd_max > 0) gaclip_model_set_gsd(model, recipe->gsd_min, recipe->gsd_max);
    return status;
}

static int make_model(GaclipModel **out, const TrainPlan *plan, const Words *words,
                      GaclipError *err)
{
    const GaclipRecipeModel *recipe = gaclip_recipe_model(plan->recipe);
    GaclipModel *model;
    int status = recipe->init != NULL
                     ? open_initial(&model, plan, err)
                     : train_random_model(&model, &recipe->config, &words->texts,
                                          train_recipe_seed(plan), plan->compute, err);
    if (status != GACLIP_OK) return status;
    status = set_texts(model, recipe, words, err);
    if (status != GACLIP_OK) {
        gaclip_model_close(model);
        return status;
    }
    *out = model;
    return GACLIP_OK;
}

int train_recipe_model(GaclipModel **out, TrainPlan *plan, GaclipError *err)
{
    Words words = {0};
    const GaclipRecipeModel *recipe = gaclip_recipe_model(plan->recipe);
    int status = add_texts(&words.texts, recipe->background, recipe->background_count, err);
    if (status == GACLIP_OK)
        status = add_texts(&words.texts, recipe->templates, recipe->template_count, err);
    for (int i = 0; i < plan->stage_count && status == GACLIP_OK; i++)
        status = gather_stage(&words, plan, i, err);
    make_distinct(&words.texts);
    make_distinct(&words.classes);
    if (status == GACLIP_OK) status = make_model(out, plan, &words, err);
    clear_words(&words);
    return status;
}

int train_recipe_stage(TrainStage *stage, TrainPlan *plan, int index, GaclipError *err)
{
    const GaclipRecipeStage *recipe = gaclip_recipe_stage_at(plan->recipe, index);
    stage->recipe = recipe;
    stage->name = recipe->name;
    stage->options = recipe->options;
    stage->options.seed = train_recipe_seed(plan) + (uint64_t)index;
    int status = open_sources(&stage->samples, plan, recipe->sources, recipe->source_count, err);
    if (status == GACLIP_OK && recipe->validation_count > 0)
        status =
            open_sources(&stage->held_out, plan, recipe->validation, recipe->validation_count, err);
    if (status == GACLIP_OK)
        status = gaclip_recipe_stage_steps(&stage->options.steps, recipe, stage->samples, err);
    if (status != GACLIP_OK) return status;
    stage->source = gaclip_recipe_sources_view(stage->samples);
    return gaclip_compute_set_precision(plan->compute, recipe->precision, err);
}
