/* The table that QGIS reads a GeoPackage's default styles from. */
#ifndef GACLIP_GEO_STYLE_TABLE_H
#define GACLIP_GEO_STYLE_TABLE_H

#include <gdal.h>
#include <ogr_api.h>

/* Makes the style the layer's default. Where the layer has one, its classes are joined to it; one
 * that somebody has changed stays. OGRERR_NONE, or what GDAL says. */
OGRErr gaclip__style_table_write(GDALDatasetH dataset, OGRLayerH layer, const char *style);

#endif
