#include "chance.h"

/* SplitMix64 (Steele et al., 2014) */
static uint64_t advance(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

Chance chance_start(uint64_t seed, uint64_t stream)
{
    Chance chance = {seed};
    chance.state = advance(&chance.state) ^ (stream * 0xD1342543DE82EF95u);
    return chance;
}

uint32_t chance_next(Chance *chance)
{
    return (uint32_t)(advance(&chance->state) >> 32);
}

double chance_between(Chance *chance, double low, double high)
{
    return low + (high - low) * ((double)chance_next(chance) * 0x1p-32);
}

int chance_below(Chance *chance, int limit)
{
    return (int)(((uint64_t)chance_next(chance) * (uint64_t)limit) >> 32);
}

int chance_happens(Chance *chance, double probability)
{
    return chance_between(chance, 0, 1) < probability;
}

Point chance_point(Chance *chance, Point low, Point high)
{
    double x = chance_between(chance, low.x, high.x);
    double y = chance_between(chance, low.y, high.y);
    return (Point){x, y};
}

Point chance_direction(Chance *chance)
{
    for (;;) {
        Point p = chance_point(chance, (Point){-1, -1}, (Point){1, 1});
        double square = point_dot(p, p);
        if (square <= 1 && square > 0.01) return point_unit(p);
    }
}

Point chance_near(Chance *chance, Point direction, double deviation)
{
    double aside = chance_between(chance, -deviation, deviation);
    return point_unit(point_along(direction, point_across(direction), aside));
}
