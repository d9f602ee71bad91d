#include "train_losses.h"

#include <stdlib.h>
#include <string.h>

typedef struct LossName {
    const char *name;
    size_t offset; /* in GaclipLossWeights */
} LossName;

static const LossName LOSSES[TRAIN_LOSSES] = {
    {"global", offsetof(GaclipLossWeights, global)},
    {"region", offsetof(GaclipLossWeights, region)},
    {"hard_negative", offsetof(GaclipLossWeights, hard_negative)},
    {"visual", offsetof(GaclipLossWeights, visual)},
    {"text", offsetof(GaclipLossWeights, text)},
    {"objectness", offsetof(GaclipLossWeights, objectness)},
    {"box", offsetof(GaclipLossWeights, box)},
};

const char *train_loss_name(int index)
{
    return LOSSES[index].name;
}

double *train_loss(GaclipLossWeights *losses, int index)
{
    return (double *)(void *)((char *)losses + LOSSES[index].offset);
}

static int set_one(GaclipLossWeights *weights, const char *pair, GaclipError *err)
{
    const char *value = strchr(pair, '=') + 1;
    size_t length = (size_t)(value - 1 - pair);
    char *end;
    double weight = strtod(value, &end);
    if (end == value || *end || !(weight >= 0))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--loss %s: the weight must be a number, 0 (off) or more", pair);
    for (int i = 0; i < TRAIN_LOSSES; i++)
        if (strlen(LOSSES[i].name) == length && !strncmp(LOSSES[i].name, pair, length)) {
            *train_loss(weights, i) = weight;
            return GACLIP_OK;
        }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "--loss %s: there is no such loss; there are global, region, "
                            "hard_negative, visual, text, objectness and box",
                            pair);
}

int train_losses_set(GaclipLossWeights *weights, const TextList *pairs, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < pairs->count && status == GACLIP_OK; i++)
        status = set_one(weights, pairs->items[i], err);
    return status;
}
