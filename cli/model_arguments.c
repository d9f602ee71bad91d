#include "model_arguments.h"

#include <string.h>

#include "precision.h"

int model_arguments_apply(GaclipDetectOptions *options, const ModelArguments *arguments,
                          GaclipError *err)
{
    options->crops = arguments->crops;
    if (arguments->dense == NULL) return GACLIP_OK;
    int is_full = !strcmp(arguments->dense, "full");
    if (!is_full && strcmp(arguments->dense, "value") != 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--dense %s: choose value or full",
                                arguments->dense);
    options->dense = is_full ? GACLIP_DENSE_FULL : GACLIP_DENSE_VALUE;
    return GACLIP_OK;
}

int model_arguments_precision(GaclipCompute *compute, const ModelArguments *arguments,
                              GaclipError *err)
{
    return precision_apply(compute, arguments->precision != NULL ? arguments->precision : "f32",
                           err);
}
