// Bounds of an attribute filter: from the terms that it joins by AND, those about class and score.
#include <ogr_swq.h>

#include <algorithm>

#include "gaclip_layer.h"

namespace
{
const char CLASS[] = "class";
const char SCORE[] = "score";

bool IsField(const swq_expr_node *node, const OGRFeatureDefn *definition, const char *name)
{
    return node->eNodeType == SNT_COLUMN && node->field_index == definition->GetFieldIndex(name);
}

double NumberOf(const swq_expr_node *node)
{
    return node->field_type == SWQ_FLOAT ? node->float_value : static_cast<double>(node->int_value);
}

bool IsNumber(const swq_expr_node *node)
{
    return node->eNodeType == SNT_CONSTANT && !node->is_null &&
           (node->field_type == SWQ_FLOAT || node->field_type == SWQ_INTEGER ||
            node->field_type == SWQ_INTEGER64);
}

// Texts that a class equals or is one of; false where the term says anything else.
bool ReadClasses(const swq_expr_node *node, const OGRFeatureDefn *definition,
                 std::vector<std::string> &names)
{
    if ((node->nOperation != SWQ_EQ && node->nOperation != SWQ_IN) || node->nSubExprCount < 2 ||
        !IsField(node->papoSubExpr[0], definition, CLASS))
        return false;
    for (int i = 1; i < node->nSubExprCount; i++) {
        const swq_expr_node *value = node->papoSubExpr[i];
        if (value->eNodeType != SNT_CONSTANT || value->field_type != SWQ_STRING ||
            value->string_value == nullptr)
            return false;
        names.emplace_back(value->string_value);
    }
    return true;
}

// OGR compares texts in any case, so every spelling of a class has to be let through.
bool IsAmong(const std::string &name, const std::vector<std::string> &names)
{
    return std::any_of(names.begin(), names.end(), [&name](const std::string &other) {
        return EQUAL(name.c_str(), other.c_str());
    });
}

void Restrict(GaclipFilterBounds &bounds, const std::vector<std::string> &names)
{
    if (!bounds.has_classes) {
        bounds.has_classes = true;
        bounds.classes = names;
        return;
    }
    std::vector<std::string> both;
    for (const std::string &name : bounds.classes)
        if (IsAmong(name, names)) both.push_back(name);
    bounds.classes = both;
}

// Scores are rounded to six digits when they become a field.
void RaiseScore(GaclipFilterBounds &bounds, const swq_expr_node *node,
                const OGRFeatureDefn *definition)
{
    const double rounding = 1e-6;
    if (node->nSubExprCount != 2) return;
    const swq_expr_node *left = node->papoSubExpr[0], *right = node->papoSubExpr[1];
    const bool is_above = node->nOperation == SWQ_GE || node->nOperation == SWQ_GT;
    const bool is_below = node->nOperation == SWQ_LE || node->nOperation == SWQ_LT;
    double limit = 0;
    if (is_above && IsField(left, definition, SCORE) && IsNumber(right))
        limit = NumberOf(right);
    else if (is_below && IsField(right, definition, SCORE) && IsNumber(left))
        limit = NumberOf(left);
    bounds.min_score = std::max(bounds.min_score, limit - rounding);
}

void Walk(GaclipFilterBounds &bounds, const swq_expr_node *node, const OGRFeatureDefn *definition)
{
    std::vector<std::string> names;
    if (node->eNodeType != SNT_OPERATION) return;
    if (node->nOperation == SWQ_AND) {
        for (int i = 0; i < node->nSubExprCount; i++)
            Walk(bounds, node->papoSubExpr[i], definition);
    } else if (ReadClasses(node, definition, names)) {
        Restrict(bounds, names);
    } else {
        RaiseScore(bounds, node, definition);
    }
}
} // namespace

GaclipFilterBounds GaclipBoundsOf(OGRFeatureDefn *definition, OGRFeatureQuery *query)
{
    GaclipFilterBounds bounds;
    const auto *root =
        query != nullptr ? static_cast<const swq_expr_node *>(query->GetSWQExpr()) : nullptr;
    if (root != nullptr && definition->GetFieldIndex(SCORE) >= 0) Walk(bounds, root, definition);
    return bounds;
}
