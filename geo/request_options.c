#include "request_options.h"

void gaclip__request_options(GaclipDetectOptions *options, const GaclipRequest *request)
{
    gaclip_detect_options_init(options);
    options->independent = request->independent;
    options->overlap = request->overlap;
    options->octaves = request->octaves;
    options->finer = request->finer;
    options->crops = request->crops;
    if (request->dense != GACLIP_REQUEST_MODEL_DENSE)
        options->dense =
            request->dense == GACLIP_REQUEST_DENSE_VALUE ? GACLIP_DENSE_VALUE : GACLIP_DENSE_FULL;
}
