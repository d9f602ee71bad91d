/* dump_weights PATH: every tensor of a weights file. dump_weights --model PATH: every parameter of
 * a model of any origin. One line each: name, dtype, shape, SHA-256 of the values as row-major f32
 * ("-" where they are no floating numbers). Values that agree here agree bit by bit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "model/model.h"
#include "weights/weights.h"

static int print_source(GaclipWeights *weights, GaclipSourceTensor *t, GaclipError *err)
{
    char hex[65] = "-";
    if (gaclip__tensor_is_floating(t)) {
        int status = gaclip__weights_load(weights, t, err);
        float *values = status ? NULL : malloc((t->count + 1) * sizeof *values);
        if (!values)
            return status ? status : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        gaclip__tensor_copy(values, t);
        gaclip__sha256_hex(hex, values, t->count * sizeof *values);
        free(values);
    }
    printf("%s %s [", t->name, gaclip__dtype_name(t->dtype));
    for (int d = 0; d < t->rank; d++) printf("%s%lld", d ? "," : "", (long long)t->shape[d]);
    printf("] %s\n", hex);
    return GACLIP_OK;
}

static int dump_file(const char *path, GaclipError *err)
{
    GaclipWeights *weights;
    int status = gaclip__weights_open(&weights, path, err);
    if (status) return status;
    for (size_t i = 0; i < weights->count && !status; i++)
        status = print_source(weights, &weights->tensors[i], err);
    gaclip__weights_close(weights);
    return status;
}

static void print_parameter(const GaclipParameter *p)
{
    char hex[65];
    gaclip__sha256_hex(hex, p->value, p->count * sizeof *p->value);
    printf("%s F32 [", p->name);
    for (int d = 0; d < p->rank; d++) printf("%s%d", d ? "," : "", p->shape[d]);
    printf("] %s\n", hex);
}

static int dump_model(const char *path, GaclipError *err)
{
    GaclipCompute *compute;
    GaclipModel *model = NULL;
    int status = gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, err);
    if (status) return status;
    status = gaclip_model_open(&model, path, compute, err);
    for (int i = 0; !status && i < model->parameters.count; i++)
        print_parameter(&model->parameters.entries[i]);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
    return status;
}

int main(int argc, char **argv)
{
    GaclipError err = {0};
    int is_model = argc == 3 && !strcmp(argv[1], "--model");
    if (argc != 2 && !is_model) {
        fprintf(stderr, "usage: dump_weights [--model] PATH\n");
        return 2;
    }
    if ((is_model ? dump_model(argv[2], &err) : dump_file(argv[1], &err)) == GACLIP_OK) return 0;
    fprintf(stderr, "%s\n", err.message);
    return 1;
}
