#include "style_table.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provenance.h"
#include "qgis_style.h"

static OGRLayerH create_table(GDALDatasetH dataset)
{
    static const struct {
        const char *name;
        OGRFieldType type;
        OGRFieldSubType subtype;
    } COLUMNS[] = {{"f_table_catalog", OFTString, OFSTNone},
                   {"f_table_schema", OFTString, OFSTNone},
                   {"f_table_name", OFTString, OFSTNone},
                   {"f_geometry_column", OFTString, OFSTNone},
                   {"styleName", OFTString, OFSTNone},
                   {"styleQML", OFTString, OFSTNone},
                   {"styleSLD", OFTString, OFSTNone},
                   {"useAsDefault", OFTInteger, OFSTBoolean},
                   {"description", OFTString, OFSTNone},
                   {"owner", OFTString, OFSTNone},
                   {"ui", OFTString, OFSTNone},
                   {"update_time", OFTDateTime, OFSTNone}};
    char **options = CSLSetNameValue(NULL, "FID", "id");
    OGRLayerH table = GDALDatasetCreateLayer(dataset, "layer_styles", NULL, wkbNone, options);
    CSLDestroy(options);
    for (size_t i = 0; table && i < sizeof COLUMNS / sizeof COLUMNS[0]; i++) {
        OGRFieldDefnH field = OGR_Fld_Create(COLUMNS[i].name, COLUMNS[i].type);
        OGR_Fld_SetSubType(field, COLUMNS[i].subtype);
        if (OGR_L_CreateField(table, field, 1) != OGRERR_NONE) table = NULL;
        OGR_Fld_Destroy(field);
    }
    return table;
}

/* Where the table has the column: another program's may have fewer. */
static void set_text(OGRFeatureH row, const char *field, const char *value)
{
    int index = OGR_F_GetFieldIndex(row, field);
    if (index >= 0) OGR_F_SetFieldString(row, index, value);
}

static void set_time(OGRFeatureH row)
{
    time_t seconds = (time_t)gaclip__timestamp();
    struct tm t;
    int index = OGR_F_GetFieldIndex(row, "update_time");
    if (index >= 0 && gmtime_r(&seconds, &t))
        OGR_F_SetFieldDateTime(row, index, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                               t.tm_min, t.tm_sec, 100);
}

static OGRErr add_row(OGRLayerH table, OGRLayerH layer, const char *style)
{
    OGRFeatureH row = OGR_F_Create(OGR_L_GetLayerDefn(table));
    int is_default = OGR_F_GetFieldIndex(row, "useAsDefault");
    /* QGIS looks for empty texts there, which nulls are not. */
    set_text(row, "f_table_catalog", "");
    set_text(row, "f_table_schema", "");
    set_text(row, "f_table_name", OGR_L_GetName(layer));
    set_text(row, "f_geometry_column", OGR_L_GetGeometryColumn(layer));
    set_text(row, "styleName", OGR_L_GetName(layer));
    set_text(row, "styleQML", style);
    set_text(row, "description", "boxes coloured by class");
    if (is_default >= 0) OGR_F_SetFieldInteger(row, is_default, 1);
    set_time(row);
    OGRErr failed = OGR_L_CreateFeature(table, row);
    OGR_F_Destroy(row);
    return failed;
}

static const char *text_of(OGRFeatureH row, const char *field)
{
    int index = OGR_F_GetFieldIndex(row, field);
    return index >= 0 ? OGR_F_GetFieldAsString(row, index) : "";
}

/* The row of the layer's style, the default before others; the caller destroys it. */
static OGRFeatureH find_row(OGRLayerH table, OGRLayerH layer)
{
    OGRFeatureH row, found = NULL;
    OGR_L_ResetReading(table);
    while ((row = OGR_L_GetNextFeature(table)) != NULL) {
        int is_its = !strcmp(text_of(row, "f_table_name"), OGR_L_GetName(layer));
        int is_better =
            !found || (!atoi(text_of(found, "useAsDefault")) && atoi(text_of(row, "useAsDefault")));
        if (is_its && is_better) {
            OGR_F_Destroy(found);
            found = row;
        } else {
            OGR_F_Destroy(row);
        }
    }
    return found;
}

static OGRErr extend_row(OGRLayerH table, OGRFeatureH row, const char *style)
{
    char *joined = gaclip__qgis_style_join(text_of(row, "styleQML"), style);
    OGRErr failed = OGRERR_NONE;
    if (joined) {
        set_text(row, "styleQML", joined);
        set_time(row);
        failed = OGR_L_SetFeature(table, row);
    }
    free(joined);
    return failed;
}

OGRErr gaclip__style_table_write(GDALDatasetH dataset, OGRLayerH layer, const char *style)
{
    OGRLayerH table = GDALDatasetGetLayerByName(dataset, "layer_styles");
    if (!table) table = create_table(dataset);
    if (!table) return OGRERR_FAILURE;
    OGRFeatureH row = find_row(table, layer);
    OGRErr failed = row ? extend_row(table, row, style) : add_row(table, layer, style);
    OGR_F_Destroy(row);
    return failed;
}
