// A layer of a view.
#ifndef GACLIP_DRIVER_LAYER_H
#define GACLIP_DRIVER_LAYER_H

#include <ogrsf_frmts.h>

#include <memory>
#include <string>
#include <vector>

#include "gaclip/view.h"

struct GaclipFeaturesFreer {
    void operator()(GaclipFeatures *features) const
    {
        gaclip_features_free(features);
    }
};
using GaclipFeaturesPointer = std::unique_ptr<GaclipFeatures, GaclipFeaturesFreer>;

class GaclipLayer final : public OGRLayer
{
  public:
    GaclipLayer(GaclipView *view, GaclipViewLayer kind, const OGRSpatialReference &crs);
    ~GaclipLayer() override;
    GaclipLayer(const GaclipLayer &) = delete;
    GaclipLayer &operator=(const GaclipLayer &) = delete;

    void ResetReading() override;
    OGRFeature *GetNextFeature() override;
    OGRErr SetNextByIndex(GIntBig index) override;
    OGRFeature *GetFeature(GIntBig fid) override;
    GIntBig GetFeatureCount(int force) override;
    OGRErr GetExtent(OGREnvelope *extent, int force) override;
    OGRErr GetExtent(int field, OGREnvelope *extent, int force) override;
    void SetSpatialFilter(OGRGeometry *geometry) override;
    void SetSpatialFilter(int field, OGRGeometry *geometry) override;
    OGRErr SetAttributeFilter(const char *query) override;
    OGRFeatureDefn *GetLayerDefn() override;
    int TestCapability(const char *capability) override;

    // Whether the last read got an answer, rather than an error.
    bool IsAnswered() const
    {
        return m_features != nullptr;
    }

    // Share of the features that were read, 0 to 1.
    double Share() const;

  private:
    bool Ask();
    OGRFeature *FeatureAt(GaclipFeatures *features, int index);
    bool IsWanted(OGRFeature *feature);

    GaclipView *m_view;
    GaclipViewLayer m_kind;
    OGRFeatureDefn *m_definition;
    GaclipFeaturesPointer m_features; // the answer to the filters, once it was asked for
    int m_next = 0;
};

// What an attribute filter leaves: its classes (when it names any) and smallest score. The filter
// itself still decides about every feature.
struct GaclipFilterBounds {
    bool has_classes = false;
    std::vector<std::string> classes;
    double min_score = 0;
};
GaclipFilterBounds GaclipBoundsOf(OGRFeatureDefn *definition, OGRFeatureQuery *query);

#endif
