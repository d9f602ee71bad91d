#include "precision.h"

#include <stddef.h>

int precision_apply(GaclipCompute *compute, const char *name, GaclipError *err)
{
    GaclipPrecision precision = GACLIP_PRECISION_AUTO;
    int status = name != NULL ? gaclip_precision_find(&precision, name, err) : GACLIP_OK;
    if (status != GACLIP_OK) gaclip_error_prefix(err, "--precision");
    return status != GACLIP_OK ? status : gaclip_compute_set_precision(compute, precision, err);
}

const char *precision_name(const GaclipCompute *compute)
{
    return gaclip_precision_name(gaclip_compute_precision(compute));
}
