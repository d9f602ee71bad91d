/* Nearest training item by embedding, and the embeddings of all that are compared. */
#include <stdlib.h>
#include <string.h>

#include "eval/embeddings.h"
#include "eval/walk.h"
#include "math/gemm.h"
#include "model/model.h"

#include "gaclip/leakage.h"

/* Test and training rows of one matrix product. */
enum { TEST_ROWS = 256, TRAIN_ROWS = 1024 };

static void take_nearest(GaclipNearest *out, const float *cosines, int tests, int first_train,
                         int trains)
{
    for (int i = 0; i < tests; i++)
        for (int j = 0; j < trains; j++) {
            double cosine = (double)cosines[(size_t)i * TRAIN_ROWS + (size_t)j];
            if (out[i].train < 0 || cosine > out[i].similarity)
                out[i] = (GaclipNearest){first_train + j, cosine};
        }
}

int gaclip_match_embeddings(GaclipNearest *out, const float *tests, int test_count,
                            const float *trains, int train_count, int width, GaclipCompute *compute,
                            GaclipError *err)
{
    float *cosines = malloc((size_t)TEST_ROWS * TRAIN_ROWS * sizeof *cosines);
    if (!cosines) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < test_count; i++) out[i] = (GaclipNearest){-1, 0};
    for (int i = 0; i < test_count; i += TEST_ROWS)
        for (int j = 0; j < train_count; j += TRAIN_ROWS) {
            int rows = test_count - i < TEST_ROWS ? test_count - i : TEST_ROWS;
            int columns = train_count - j < TRAIN_ROWS ? train_count - j : TRAIN_ROWS;
            gaclip__gemm(compute, GACLIP__PLAIN, GACLIP__TRANSPOSED, rows, columns, width,
                         gaclip__floats(tests + (size_t)i * (size_t)width), width,
                         gaclip__floats(trains + (size_t)j * (size_t)width), width, GACLIP__SET,
                         cosines, TRAIN_ROWS);
            take_nearest(out + i, cosines, rows, j, columns);
        }
    free(cosines);
    return GACLIP_OK;
}

int gaclip_embed_texts(float *out, GaclipModel *model, const char *const *texts, int count,
                       GaclipError *err)
{
    int status = gaclip__embed_texts(out, model, texts, count, err);
    return status ? status : gaclip__check_units(out, (size_t)count, model->config.embed_dim, err);
}

static int visit(const GaclipSample *sample, int index, void *payload, GaclipError *err)
{
    (void)index;
    return gaclip__image_queue_add_whole(payload, &sample->image, err);
}

int gaclip_embed_images(float *out, GaclipModel *model, const GaclipSampleSource *source,
                        int (*progress)(int done, int total, void *payload), void *payload,
                        GaclipError *err)
{
    GaclipImageQueue queue;
    GaclipEvalOptions options;
    gaclip_eval_options_init(&options);
    options.progress = progress;
    options.payload = payload;
    int status = gaclip__image_queue_init(&queue, model, err);
    if (!status) status = gaclip__walk(source, &options, visit, &queue, err);
    if (!status) status = gaclip__image_queue_flush(&queue, err);
    size_t width = (size_t)queue.out.width;
    if (!status) status = gaclip__check_units(queue.out.values, queue.out.count, (int)width, err);
    if (!status) memcpy(out, queue.out.values, queue.out.count * width * sizeof *out);
    gaclip__image_queue_clear(&queue);
    return status;
}
