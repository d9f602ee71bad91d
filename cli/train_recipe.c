/* Training by a recipe. */
#include <stdlib.h>
#include <string.h>

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

/* Texts and class names of one stage's samples. */
static int gather_stage(TextList *texts, TextList *classes, const TrainPlan *plan, int index,
                        GaclipError *err)
{
    const GaclipRecipeStage *stage = gaclip_recipe_stage_at(plan->recipe, index);
    GaclipRecipeSources *sources = NULL;
    const char *const *items;
    int count, status = open_sources(&sources, plan, stage->sources, stage->source_count, err);
    if (status == GACLIP_OK) status = gaclip_recipe_sources_texts(&items, &count, sources, err);
    if (status == GACLIP_OK) status = add_texts(texts, items, count, err);
    if (status == GACLIP_OK) status = gaclip_recipe_sources_classes(&items, &count, sources, err);
    if (status == GACLIP_OK) status = add_texts(classes, items, count, err);
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

static int set_texts(GaclipModel *model, const GaclipRecipeModel *recipe, const TextList *classes,
                     GaclipError *err)
{
    int status =
        gaclip_model_set_texts(model, GACLIP_CLASS_HINTS, (const char *const *)classes->items,
                               (size_t)classes->count, err);
    if (status == GACLIP_OK && recipe->template_count > 0)
        status = gaclip_model_set_texts(model, GACLIP_TEMPLATES, recipe->templates,
                                        (size_t)recipe->template_count, err);
    if (status == GACLIP_OK && recipe->background_count > 0)
        status = gaclip_model_set_texts(model, GACLIP_BACKGROUND, recipe->background,
                                        (size_t)recipe->background_count, err);
    if (recipe->gsd_max > 0) gaclip_model_set_gsd(model, recipe->gsd_min, recipe->gsd_max);
    return status;
}

static int make_model(GaclipModel **out, const TrainPlan *plan, const TextList *texts,
                      const TextList *classes, GaclipError *err)
{
    const GaclipRecipeModel *recipe = gaclip_recipe_model(plan->recipe);
    GaclipModel *model;
    int status = recipe->init != NULL
                     ? open_initial(&model, plan, err)
                     : train_random_model(&model, &recipe->config, texts, train_recipe_seed(plan),
                                          plan->compute, err);
    if (status != GACLIP_OK) return status;
    status = set_texts(model, recipe, classes, err);
    if (status != GACLIP_OK) {
        gaclip_model_close(model);
        return status;
    }
    *out = model;
    return GACLIP_OK;
}

int train_recipe_model(GaclipModel **out, TrainPlan *plan, GaclipError *err)
{
    TextList texts = {0}, classes = {0};
    const GaclipRecipeModel *recipe = gaclip_recipe_model(plan->recipe);
    int status = add_texts(&texts, recipe->background, recipe->background_count, err);
    if (status == GACLIP_OK)
        status = add_texts(&texts, recipe->templates, recipe->template_count, err);
    for (int i = 0; i < plan->stage_count && status == GACLIP_OK; i++)
        status = gather_stage(&texts, &classes, plan, i, err);
    make_distinct(&texts);
    make_distinct(&classes);
    if (status == GACLIP_OK) status = make_model(out, plan, &texts, &classes, err);
    text_list_clear(&texts);
    text_list_clear(&classes);
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
