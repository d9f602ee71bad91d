/* What can be measured of a region: of its box and its pixels. */
#ifndef GACLIP_GEO_REGION_FACTS_H
#define GACLIP_GEO_REGION_FACTS_H

#include "colour_names.h"
#include "gaclip/dataset.h"

typedef struct GaclipRegionFacts {
    double area;                     /* share of the image */
    double width, height;            /* pixels */
    double gsd;                      /* metres a pixel; 0: not known */
    double length;                   /* metres; 0: not known, or not told by the box's sides */
    int is_cut;                      /* the image ends at the box: the object may go on */
    int is_thin;                     /* its class is, see class_traits.h */
    double centre_x, centre_y;       /* 0..1 of the image */
    double share_x, share_y;         /* of the image that the box is wide and high */
    double colours[GACLIP__COLOURS]; /* share of each in the ellipse within the box */
    int colour;                      /* the most frequent there .. */
    double lab[3];                   /* .. and the mean L*a*b* of what is called so */
    double around[GACLIP__COLOURS];  /* and in a frame around the box, half as far again */
    double roughness;                /* mean step of grey values between neighbours there */
    double deviation;                /* standard deviation of grey values there */
    int pixels, around_pixels;       /* valid ones */
    /* 1: clearly so, 0: clearly not, -1: in doubt. In the order of the claims' words. */
    int neighbour;  /* class of the nearest object, or -1: what the next two are about */
    int near[2];    /* next to one, far from all */
    int bearing[8]; /* north, south, west, east of one; above, below, to the left, to the right */
    int shadow[4];  /* above, below, left, right */
    int count;      /* objects of its class in the image, itself included; 0: not known */
} GaclipRegionFacts;

/* region: its index in the image, which is one of the dataset's. */
void gaclip__region_facts(GaclipRegionFacts *out, const GaclipDataset *dataset,
                          const GaclipDatasetImage *image, int region, const GaclipImage *pixels);

#endif
