#include "oracle_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int length_of(const int32_t *row, int context)
{
    int end = 0;
    for (int i = 1; i < context; i++)
        if (row[i] > row[end]) end = i;
    return end + 1;
}

/* Appends token rows (count, context); the strings only keep the count. */
static int add_rows(OracleBatch *o, const char *name)
{
    GaclipBatchTexts *t = &o->batch.texts;
    size_t numbers, C = (size_t)t->context;
    int32_t *rows = oracle_integers(o->file, name, &numbers);
    int first = t->texts.count, count = (int)(numbers / C), total = first + count;
    t->rows = realloc(t->rows, (size_t)total * C * sizeof *rows);
    t->lengths = realloc(t->lengths, (size_t)total * sizeof *t->lengths);
    t->texts.items = realloc(t->texts.items, (size_t)total * sizeof *t->texts.items);
    memcpy(t->rows + (size_t)first * C, rows, numbers * sizeof *rows);
    for (int i = 0; i < count; i++) {
        t->lengths[first + i] = length_of(rows + (size_t)i * C, t->context);
        t->texts.items[first + i] = strdup(name);
    }
    t->texts.count = t->texts.capacity = t->row_capacity = total;
    free(rows);
    return first;
}

static void add_regions(OracleBatch *o, int first_text, int first_hard, int choices)
{
    GaclipBatch *b = &o->batch;
    GaclipError err = {0};
    size_t count;
    float *boxes = oracle_floats(o->file, "batch.boxes", &count);
    int32_t *images = oracle_integers(o->file, "batch.box_image", NULL);
    int32_t *ids = oracle_integers(o->file, "batch.phrase_id", NULL);
    for (int k = 0; k < (int)(count / 4); k++) {
        const float *c = boxes + 4 * k;
        GaclipBatchRegion region = {{c[0], c[1], c[2], c[3]}, images[k], first_text + k, ids[k]};
        expect_ok(gaclip__batch_add_region(b, &region, &err), &err);
        expect_ok(gaclip__batch_add_trial(b, k, &err), &err);
        for (int q = 0; q < choices; q++)
            expect_ok(gaclip__batch_add_trial_text(b, first_hard + k * choices + q, &err), &err);
    }
    free(boxes);
    free(images);
    free(ids);
}

static void add_crops(OracleBatch *o)
{
    GaclipError err = {0};
    size_t floats = 3 * (size_t)(o->batch.side * o->batch.side);
    float *crops = oracle_floats(o->file, "batch.crops", NULL), *planes;
    for (int k = 0; k < o->batch.region_count; k++) {
        expect_ok(gaclip__batch_add_crop(&o->batch, &planes, k, &err), &err);
        memcpy(planes, crops + (size_t)k * floats, floats * sizeof *planes);
    }
    free(crops);
}

void oracle_batch_open(OracleBatch *o, const GaclipModel *model, const char *name)
{
    char file[64];
    GaclipError err = {0};
    size_t floats;
    snprintf(file, sizeof file, "%s_losses.safetensors", name);
    *o = (OracleBatch){.file = oracle_open(file)};
    int images = oracle_dimension(o->file, "batch.images", 0);
    expect_ok(gaclip__batch_init(&o->batch, images, model->config.vision.image_size,
                                 oracle_dimension(o->file, "batch.tokens_brief", 1), &err),
              &err);
    float *planes = oracle_floats(o->file, "batch.images", &floats);
    memcpy(o->batch.planes, planes, floats * sizeof *planes);
    free(planes);
    int brief = add_rows(o, "batch.tokens_brief"), detail = add_rows(o, "batch.tokens_detail");
    for (int n = 0; n < images; n++) {
        o->batch.briefs[n] = o->batch.brief_concepts[n] = brief + n;
        o->batch.details[n] = detail + n;
    }
    int region = add_rows(o, "batch.tokens_region"), hard = add_rows(o, "batch.tokens_hard");
    add_regions(o, region, hard, oracle_dimension(o->file, "batch.tokens_hard", 1));
    add_crops(o);
}

void oracle_batch_close(OracleBatch *o)
{
    gaclip__safetensors_close(o->file);
    gaclip__batch_clear(&o->batch);
}
