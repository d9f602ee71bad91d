// A band of a view, or one of its overviews.
#ifndef GACLIP_DRIVER_BAND_H
#define GACLIP_DRIVER_BAND_H

#include <gdal_pam.h>

#include <memory>
#include <vector>

#include "gaclip_dataset.h"

class GaclipBand final : public GDALPamRasterBand
{
  public:
    // level 0 is the band itself; an overview halves its size level times.
    GaclipBand(GaclipDataset *dataset, int number, int level);

    CPLErr IReadBlock(int column, int row, void *data) override;
    CPLErr IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void *data,
                     int out_width, int out_height, GDALDataType type, GSpacing pixel_space,
                     GSpacing line_space, GDALRasterIOExtraArg *extra) override;
    double GetNoDataValue(int *success) override;
    double GetScale(int *success) override;
    double GetOffset(int *success) override;
    double GetMinimum(int *success) override;
    double GetMaximum(int *success) override;
    GDALColorInterp GetColorInterpretation() override;
    GDALColorTable *GetColorTable() override;
    int GetOverviewCount() override;
    GDALRasterBand *GetOverview(int index) override;
    GDALRasterBand *GetRasterSampleOverview(GUIntBig samples) override;
    CPLErr ComputeStatistics(int approximate, double *minimum, double *maximum, double *mean,
                             double *deviation, GDALProgressFunc progress, void *payload) override;

  private:
    bool IsByte() const;
    bool HasColours() const;
    bool IsScaled() const;
    bool Sample(std::vector<double> &values, GaclipProgress &reporting);

    GaclipDataset *m_dataset;
    int m_number;
    double m_scale_x, m_scale_y; // raster pixels of the scene a pixel of this band
    GDALColorTable m_colours;
    std::vector<std::unique_ptr<GaclipBand>> m_overviews;
};

#endif
