#include "gaclip_layer.h"

#include <cstdlib>

#include "gaclip/default_model.h"
#include "gaclip_dataset.h"

static OGRFieldType TypeOf(GaclipFieldType type)
{
    return type == GACLIP_FIELD_TEXT   ? OFTString
           : type == GACLIP_FIELD_REAL ? OFTReal
                                       : OFTInteger64;
}

// What was asked, as far as it is known before anything runs, so that a copy of the layer says where
// it is from.
static void SetProvenance(OGRLayer *layer, const GaclipRequest *request)
{
    const char *model = nullptr;
    char *asked = gaclip_request_json(request, nullptr);
    layer->SetMetadataItem("GACLIP_SOFTWARE", "gaclip " GACLIP_VERSION);
    layer->SetMetadataItem("GACLIP_SCENE", request->scene);
    if (gaclip_choose_model(&model, request->model, nullptr) == GACLIP_OK)
        layer->SetMetadataItem("GACLIP_MODEL", model);
    if (asked != nullptr) layer->SetMetadataItem("GACLIP_REQUEST", asked);
    std::free(asked);
}

GaclipLayer::GaclipLayer(GaclipView *view, GaclipViewLayer kind, const OGRSpatialReference &crs)
    : m_view(view), m_kind(kind), m_definition(new OGRFeatureDefn(gaclip_view_layer_name(kind)))
{
    int count;
    const GaclipField *fields = gaclip_view_layer_fields(&count, kind);
    m_definition->Reference();
    m_definition->SetGeomType(kind == GACLIP_VIEW_DETECTIONS ? wkbPolygon : wkbUnknown);
    for (int i = 0; i < count; i++) {
        OGRFieldDefn field(fields[i].name, TypeOf(fields[i].type));
        m_definition->AddFieldDefn(&field);
    }
    if (!crs.IsEmpty()) {
        auto *copy = crs.Clone();
        m_definition->GetGeomFieldDefn(0)->SetSpatialRef(copy);
        copy->Release();
    }
    SetDescription(m_definition->GetName());
    SetMetadataItem(OLMD_FID64, "YES");
    SetProvenance(this, gaclip_view_request(view));
}

GaclipLayer::~GaclipLayer()
{
    m_definition->Release();
}

OGRFeatureDefn *GaclipLayer::GetLayerDefn()
{
    return m_definition;
}

void GaclipLayer::ResetReading()
{
    m_next = 0;
}

double GaclipLayer::Share() const
{
    int count = m_features ? gaclip_features_count(m_features.get()) : 0;
    return count > 0 ? static_cast<double>(m_next) / count : 0;
}

// Asks for what the filters leave, once.
bool GaclipLayer::Ask()
{
    if (m_features) return true;
    const GaclipFilterBounds bounds = GaclipBoundsOf(m_definition, m_poAttrQuery);
    std::vector<const char *> classes;
    for (const std::string &name : bounds.classes) classes.push_back(name.c_str());
    const double bbox[4] = {m_sFilterEnvelope.MinX, m_sFilterEnvelope.MinY, m_sFilterEnvelope.MaxX,
                            m_sFilterEnvelope.MaxY};
    const char *none = nullptr;
    GaclipViewFilter filter = {};
    filter.bbox = m_poFilterGeom != nullptr ? bbox : nullptr;
    filter.classes = !bounds.has_classes ? nullptr : classes.empty() ? &none : classes.data();
    filter.class_count = static_cast<int>(classes.size());
    filter.min_score = bounds.min_score;
    GaclipError error = {};
    GaclipFeatures *features = nullptr;
    if (gaclip_view_query(&features, m_view, m_kind, &filter, &error) != GACLIP_OK)
        GaclipReport(error);
    m_features.reset(features);
    return features != nullptr;
}

OGRFeature *GaclipLayer::FeatureAt(GaclipFeatures *features, int index)
{
    GaclipFeature from;
    gaclip_features_at(&from, features, index);
    auto *feature = new OGRFeature(m_definition);
    feature->SetFID(from.fid);
    for (int i = 0; i < m_definition->GetFieldCount(); i++) {
        if (!from.values[i].is_set)
            feature->SetFieldNull(i);
        else if (m_definition->GetFieldDefn(i)->GetType() == OFTString)
            feature->SetField(i, from.values[i].text);
        else if (m_definition->GetFieldDefn(i)->GetType() == OFTReal)
            feature->SetField(i, from.values[i].number);
        else
            feature->SetField(i, static_cast<GIntBig>(from.values[i].number));
    }
    if (from.style != nullptr) feature->SetStyleString(from.style);
    OGRGeometry *geometry = nullptr;
    if (from.wkb != nullptr && OGRGeometryFactory::createFromWkb(
                                   from.wkb, m_definition->GetGeomFieldDefn(0)->GetSpatialRef(),
                                   &geometry, from.wkb_size) == OGRERR_NONE)
        feature->SetGeometryDirectly(geometry);
    return feature;
}

bool GaclipLayer::IsWanted(OGRFeature *feature)
{
    return (m_poFilterGeom == nullptr || FilterGeometry(feature->GetGeometryRef())) &&
           (m_poAttrQuery == nullptr || m_poAttrQuery->Evaluate(feature));
}

OGRFeature *GaclipLayer::GetNextFeature()
{
    if (!Ask()) return nullptr;
    while (m_next < gaclip_features_count(m_features.get())) {
        OGRFeature *feature = FeatureAt(m_features.get(), m_next++);
        if (IsWanted(feature)) return feature;
        delete feature;
    }
    return nullptr;
}

OGRErr GaclipLayer::SetNextByIndex(GIntBig index)
{
    if (m_poFilterGeom != nullptr || m_poAttrQuery != nullptr)
        return OGRLayer::SetNextByIndex(index);
    if (index < 0 || !Ask() || index >= gaclip_features_count(m_features.get()))
        return OGRERR_FAILURE;
    m_next = static_cast<int>(index);
    return OGRERR_NONE;
}

OGRFeature *GaclipLayer::GetFeature(GIntBig fid)
{
    GaclipError error = {};
    GaclipFeatures *found = nullptr;
    if (gaclip_view_find(&found, m_view, m_kind, fid, &error) != GACLIP_OK) {
        GaclipReport(error);
        return nullptr;
    }
    GaclipFeaturesPointer features(found);
    return gaclip_features_count(found) > 0 ? FeatureAt(found, 0) : nullptr;
}

GIntBig GaclipLayer::GetFeatureCount(int force)
{
    if (!force && !m_features && !gaclip_view_is_complete(m_view, m_kind)) return -1;
    if (m_poFilterGeom != nullptr || m_poAttrQuery != nullptr)
        return OGRLayer::GetFeatureCount(force);
    return Ask() ? gaclip_features_count(m_features.get()) : 0;
}

// Before everything was inferred, the scene's own bounds: what a map shows first needs no more.
OGRErr GaclipLayer::GetExtent(OGREnvelope *extent, int force)
{
    double bounds[4];
    if (gaclip_view_is_complete(m_view, m_kind)) return OGRLayer::GetExtent(extent, TRUE);
    (void)force;
    gaclip_view_bounds(bounds, m_view);
    extent->MinX = bounds[0];
    extent->MinY = bounds[1];
    extent->MaxX = bounds[2];
    extent->MaxY = bounds[3];
    return OGRERR_NONE;
}

OGRErr GaclipLayer::GetExtent(int field, OGREnvelope *extent, int force)
{
    return field == 0 ? GetExtent(extent, force) : OGRERR_FAILURE;
}

void GaclipLayer::SetSpatialFilter(OGRGeometry *geometry)
{
    InstallFilter(geometry);
    m_features.reset();
    ResetReading();
}

void GaclipLayer::SetSpatialFilter(int field, OGRGeometry *geometry)
{
    if (field == 0)
        SetSpatialFilter(geometry);
    else
        OGRLayer::SetSpatialFilter(field, geometry);
}

OGRErr GaclipLayer::SetAttributeFilter(const char *query)
{
    m_features.reset();
    return OGRLayer::SetAttributeFilter(query);
}

int GaclipLayer::TestCapability(const char *capability)
{
    const bool is_unfiltered = m_poFilterGeom == nullptr && m_poAttrQuery == nullptr;
    if (EQUAL(capability, OLCFastFeatureCount))
        return is_unfiltered && gaclip_view_is_complete(m_view, m_kind);
    return EQUAL(capability, OLCRandomRead) || EQUAL(capability, OLCFastSpatialFilter) ||
           EQUAL(capability, OLCFastGetExtent) || EQUAL(capability, OLCStringsAsUTF8) ||
           (EQUAL(capability, OLCFastSetNextByIndex) && is_unfiltered);
}
