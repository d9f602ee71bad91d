/* Average precision of a ranking, each image counting as often as its weight says. */
#include <stdlib.h>

#include "eval/matching.h"

int gaclip__curve_room(GaclipCurveRoom *out, size_t count, GaclipError *err)
{
    *out =
        (GaclipCurveRoom){malloc((count + 1) * sizeof(double)), malloc((count + 1) * sizeof(long))};
    if (out->precision && out->found) return GACLIP_OK;
    gaclip__curve_room_clear(out);
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

void gaclip__curve_room_clear(GaclipCurveRoom *room)
{
    free(room->precision);
    free(room->found);
    *room = (GaclipCurveRoom){0};
}

static long weight_of(const int *weights, size_t image)
{
    return weights ? weights[image] : 1;
}

/* Interpolated precision at recall 0, 1/levels, .. 1, added up and divided once, so that a perfect
 * ranking gives exactly 1. Levels and ranks rise together, so one pass over either will do. */
static double mean_at_levels(const GaclipCurveRoom *room, size_t count, long positives, int levels)
{
    double sum = 0;
    size_t rank = 0;
    for (long level = 0; level <= levels; level++) {
        while (rank < count && levels * room->found[rank] < level * positives) rank++;
        if (rank == count) break;
        sum += room->precision[rank];
    }
    return sum / (levels + 1);
}

static double area(const GaclipRanking *ranking, const int *weights, const GaclipCurveRoom *room,
                   long positives)
{
    double sum = 0;
    for (size_t i = 0; i < ranking->count; i++)
        if (ranking->matches[i].is_true)
            sum += room->precision[i] * (double)weight_of(weights, ranking->matches[i].image);
    return sum / (double)positives;
}

/* Fills room; returns how many detections count. */
static long fill(GaclipCurveRoom *room, const GaclipRanking *ranking, const int *weights)
{
    long found = 0, seen = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        long weight = weight_of(weights, ranking->matches[i].image);
        seen += weight;
        found += ranking->matches[i].is_true ? weight : 0;
        room->found[i] = found;
        room->precision[i] = seen ? (double)found / (double)seen : 0;
    }
    for (size_t i = ranking->count; i-- > 1;)
        if (room->precision[i - 1] < room->precision[i])
            room->precision[i - 1] = room->precision[i];
    return seen;
}

void gaclip__average_precision(GaclipAP *out, const GaclipRanking *ranking, const int *weights,
                               size_t image_count, GaclipCurveRoom *room)
{
    long positives = 0, seen = fill(room, ranking, weights);
    for (size_t i = 0; i < image_count; i++)
        positives += weight_of(weights, i) * ranking->image_positives[i];
    *out = (GaclipAP){(int)positives, (int)seen, -1, -1, -1};
    if (!positives) return;
    out->voc11 = mean_at_levels(room, ranking->count, positives, 10);
    out->coco101 = mean_at_levels(room, ranking->count, positives, 100);
    out->all_point = area(ranking, weights, room, positives);
}
