#include "precision.h"

#include <string.h>

int precision_apply(GaclipCompute *compute, const char *name, GaclipError *err)
{
    static const struct {
        const char *name;
        GaclipPrecision precision;
    } NAMES[] = {{"auto", GACLIP_PRECISION_AUTO},
                 {"f32", GACLIP_PRECISION_F32},
                 {"bf16", GACLIP_PRECISION_BF16}};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (!strcmp(name != NULL ? name : "auto", NAMES[i].name))
            return gaclip_compute_set_precision(compute, NAMES[i].precision, err);
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "--precision %s: there are auto, f32 and bf16", name);
}

const char *precision_name(const GaclipCompute *compute)
{
    return gaclip_compute_precision(compute) == GACLIP_PRECISION_BF16 ? "bf16" : "f32";
}
