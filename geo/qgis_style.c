#include "qgis_style.h"

#include <cpl_conv.h>
#include <cpl_minixml.h>
#include <cpl_string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Colours that people with any colour vision tell apart (Okabe and Ito, 2008), without black. */
static const unsigned char PALETTE[][3] = {{213, 94, 0},    {0, 114, 178}, {0, 158, 115},
                                           {204, 121, 167}, {230, 159, 0}, {86, 180, 233},
                                           {240, 228, 66}};
enum { PALETTE_SIZE = sizeof PALETTE / sizeof PALETTE[0] };

const unsigned char *gaclip__class_colour(int index)
{
    return PALETTE[index % PALETTE_SIZE];
}

static void write_category(FILE *out, const char *name, int index)
{
    char *text = CPLEscapeString(name, -1, CPLES_XML);
    fprintf(out, "   <category value=\"%s\" label=\"%s\" symbol=\"%d\" render=\"true\"/>\n", text,
            text, index);
    CPLFree(text);
}

static void write_symbol(FILE *out, int index)
{
    const unsigned char *c = gaclip__class_colour(index);
    fprintf(out,
            "   <symbol type=\"fill\" name=\"%d\" alpha=\"1\">\n"
            "    <layer class=\"SimpleFill\" enabled=\"1\">\n"
            "     <Option type=\"Map\">\n"
            "      <Option type=\"QString\" name=\"style\" value=\"no\"/>\n"
            "      <Option type=\"QString\" name=\"outline_style\" value=\"solid\"/>\n"
            "      <Option type=\"QString\" name=\"outline_color\" value=\"%d,%d,%d,255\"/>\n"
            "      <Option type=\"QString\" name=\"outline_width\" value=\"0.6\"/>\n"
            "      <Option type=\"QString\" name=\"outline_width_unit\" value=\"MM\"/>\n"
            "     </Option>\n"
            "     <prop k=\"style\" v=\"no\"/>\n"
            "     <prop k=\"outline_style\" v=\"solid\"/>\n"
            "     <prop k=\"outline_color\" v=\"%d,%d,%d,255\"/>\n"
            "     <prop k=\"outline_width\" v=\"0.6\"/>\n"
            "     <prop k=\"outline_width_unit\" v=\"MM\"/>\n"
            "    </layer>\n"
            "   </symbol>\n",
            index, c[0], c[1], c[2], c[0], c[1], c[2]);
}

static void write_labels(FILE *out)
{
    fputs(" <labeling type=\"simple\">\n"
          "  <settings>\n"
          "   <text-style isExpression=\"1\" fontSize=\"8\" fontFamily=\"Sans\" "
          "textColor=\"30,30,30,255\" fieldName=\"&quot;class&quot; || ' ' || "
          "format_number(&quot;score&quot;, 2)\">\n"
          "    <text-buffer bufferDraw=\"1\" bufferSize=\"0.8\" bufferColor=\"255,255,255,255\"/>\n"
          "   </text-style>\n"
          "   <placement placement=\"6\" dist=\"0.5\"/>\n"
          "   <rendering scaleVisibility=\"1\" scaleMin=\"10000\" scaleMax=\"1\" "
          "drawLabels=\"1\"/>\n"
          "  </settings>\n"
          " </labeling>\n",
          out);
}

char *gaclip__qgis_style(const char *const *classes, int class_count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    fputs("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
          "<qgis version=\"3.22\" styleCategories=\"Symbology|Labeling\" labelsEnabled=\"1\">\n"
          " <renderer-v2 type=\"categorizedSymbol\" attr=\"class\" symbollevels=\"0\" "
          "enableorderby=\"0\" forceraster=\"0\">\n"
          "  <categories>\n",
          out);
    for (int i = 0; i < class_count; i++) write_category(out, classes[i], i);
    fputs("  </categories>\n  <symbols>\n", out);
    for (int i = 0; i < class_count; i++) write_symbol(out, i);
    fputs("  </symbols>\n </renderer-v2>\n", out);
    write_labels(out);
    fputs(" <layerGeometryType>2</layerGeometryType>\n</qgis>\n", out);
    int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* Adds the classes of a style that list does not hold. */
static char **add_classes(char **list, const char *style)
{
    CPLXMLNode *tree = CPLParseXMLString(style);
    const CPLXMLNode *categories =
        tree ? CPLGetXMLNode(tree, "=qgis.renderer-v2.categories") : NULL;
    for (const CPLXMLNode *c = categories ? categories->psChild : NULL; c; c = c->psNext) {
        const char *name = CPLGetXMLValue(c, "value", NULL);
        if (c->eType == CXT_Element && name && CSLFindStringCaseSensitive(list, name) < 0)
            list = CSLAddString(list, name);
    }
    CPLDestroyXMLNode(tree);
    return list;
}

char *gaclip__qgis_style_join(const char *style, const char *other)
{
    char **classes = add_classes(NULL, style), *joined = NULL;
    char *own = gaclip__qgis_style((const char *const *)classes, CSLCount(classes));
    if (own && !strcmp(own, style)) {
        classes = add_classes(classes, other);
        joined = gaclip__qgis_style((const char *const *)classes, CSLCount(classes));
    }
    free(own);
    CSLDestroy(classes);
    return joined;
}
