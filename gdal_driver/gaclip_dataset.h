// A view (gaclip/view.h) in the shape of GDAL's classes. No logic lives here.
#ifndef GACLIP_DRIVER_DATASET_H
#define GACLIP_DRIVER_DATASET_H

#include <gdal_pam.h>
#include <ogrsf_frmts.h>

#include <memory>
#include <vector>

#include "gaclip/view.h"

struct GaclipViewCloser {
    void operator()(GaclipView *view) const
    {
        gaclip_view_close(view);
    }
};
using GaclipViewPointer = std::unique_ptr<GaclipView, GaclipViewCloser>;

class GaclipLayer;

class GaclipDataset final : public GDALPamDataset
{
  public:
    ~GaclipDataset() override;
    static GDALDataset *Open(GDALOpenInfo *info);

    GaclipView *View() const
    {
        return m_view.get();
    }

    int GetLayerCount() override;
    OGRLayer *GetLayer(int index) override;
    OGRFeature *GetNextFeature(OGRLayer **layer, double *share, GDALProgressFunc progress,
                               void *payload) override;
    void ResetReading() override;
    int TestCapability(const char *capability) override;
    CPLErr GetGeoTransform(double *transform) override;
    const OGRSpatialReference *GetSpatialRef() const override;
    char **GetFileList() override;
    char **GetMetadataDomainList() override;
    char **GetMetadata(const char *domain = "") override;
    const char *GetMetadataItem(const char *name, const char *domain = "") override;
    CPLErr IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void *data,
                     int out_width, int out_height, GDALDataType type, int band_count, int *bands,
                     GSpacing pixel_space, GSpacing line_space, GSpacing band_space,
                     GDALRasterIOExtraArg *extra) override;

  private:
    explicit GaclipDataset(GaclipViewPointer view);
    bool IsFile() const;
    void AddBands();
    void AddLayers();
    char **Counts();
    char **Subdatasets();

    GaclipViewPointer m_view;
    OGRSpatialReference m_crs;
    std::vector<std::unique_ptr<GaclipLayer>> m_layers;
    CPLStringList m_counts, m_subdatasets; // what GetMetadata lends
    size_t m_reading = 0;                  // the layer that GetNextFeature is at
};

// Tells a view's progress on this thread to GDAL's function while it lives; without a function,
// whoever was told before still is. Several reads that make up one call are counted by the call:
// then the view's progress only lets it be interrupted, at the share that Forward told last.
class GaclipProgress
{
  public:
    GaclipProgress(GDALProgressFunc call, void *payload);
    ~GaclipProgress();
    GaclipProgress(const GaclipProgress &) = delete;
    GaclipProgress &operator=(const GaclipProgress &) = delete;

    // Watches what GDAL itself tells of a call.
    void Watch(GDALRasterIOExtraArg *extra);

    // A GDALProgressFunc of the object: hands a share of the call on.
    static int CPL_STDCALL Forward(double share, const char *message, void *self);

  private:
    static int Report(int done, int total, void *self);

    GDALProgressFunc m_call;
    void *m_payload;
    GaclipProgress *m_outer;
    double m_share = -1; // of the call, once it was told
};

// Hands an error of gaclip on to GDAL.
void GaclipReport(const GaclipError &error);

#endif
