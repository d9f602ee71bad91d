#include "gaclip/flops.h"

/* One block on tokens of that width. */
static double block(double tokens, double width)
{
    return 24 * tokens * width * width + 4 * tokens * tokens * width;
}

/* The stem's layers; channels becomes the last one's. */
static double stem(int *channels, const GaclipModelConfig *config, int height, int width)
{
    double sum = 0;
    for (int i = 0; i < config->vision.stem_layers; i++) {
        double pixels = (double)(height >> (i + 1)) * (width >> (i + 1));
        sum += 18 * pixels * *channels * config->vision.stem_widths[i];
        *channels = config->vision.stem_widths[i];
    }
    return sum;
}

double gaclip_flops_image(const GaclipModelConfig *config, int height, int width)
{
    int channels = 3, patch = config->vision.patch_size, side = patch >> config->vision.stem_layers;
    double patches = (double)(height / patch) * (width / patch), W = config->vision.width;
    double sum = stem(&channels, config, height, width);
    sum += 2 * patches * channels * side * side * W;
    sum += config->vision.layers * block(1 + patches, W);
    return sum + 2 * W * config->embed_dim;
}

double gaclip_flops_text(const GaclipModelConfig *config, int tokens)
{
    double W = config->text.width;
    return config->text.layers * block(tokens, W) + 2 * W * config->embed_dim;
}
