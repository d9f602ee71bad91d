#include "gaclip_band.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

namespace
{
const int SMALLEST_OVERVIEW = 256;

// Blocks a side that approximate statistics look at.
const int SAMPLED = 3;

int Halved(int length, int level)
{
    return std::max(1, (length + (1 << level) - 1) >> level);
}
} // namespace

GaclipBand::GaclipBand(GaclipDataset *dataset, int number, int level)
    : m_dataset(dataset), m_number(number)
{
    const GaclipViewInfo *info = gaclip_view_info(dataset->View());
    poDS = level == 0 ? dataset : nullptr;
    nBand = level == 0 ? number : 0;
    nRasterXSize = Halved(info->width, level);
    nRasterYSize = Halved(info->height, level);
    nBlockXSize = std::min(nRasterXSize, static_cast<int>(GACLIP_BAND_BLOCK));
    nBlockYSize = std::min(nRasterYSize, static_cast<int>(GACLIP_BAND_BLOCK));
    m_scale_x = static_cast<double>(info->width) / nRasterXSize;
    m_scale_y = static_cast<double>(info->height) / nRasterYSize;
    eDataType =
        gaclip_view_request(dataset->View())->type == GACLIP_REQUEST_BYTE ? GDT_Byte : GDT_Float32;
    SetDescription(gaclip_view_band_class(dataset->View(), number - 1));
    for (int i = 0; HasColours() && i < 256; i++) {
        unsigned char colour[4];
        gaclip_view_band_colour(colour, i);
        const GDALColorEntry entry = {colour[0], colour[1], colour[2], colour[3]};
        m_colours.SetColorEntry(i, &entry);
    }
    const int longest = std::max(info->width, info->height);
    for (int i = 1; level == 0 && longest >> (i - 1) > SMALLEST_OVERVIEW; i++)
        m_overviews.emplace_back(new GaclipBand(dataset, number, i));
}

bool GaclipBand::IsByte() const
{
    return eDataType == GDT_Byte;
}

// GeoTIFF has no place for the colours of several bands, and a GIS mixes these to one picture.
bool GaclipBand::HasColours() const
{
    return IsByte() && gaclip_view_info(m_dataset->View())->band_count == 1;
}

// QGIS would look scaled values up among the colours of bytes.
bool GaclipBand::IsScaled() const
{
    return IsByte() && !HasColours();
}

CPLErr GaclipBand::IReadBlock(int column, int row, void *data)
{
    const int x = column * nBlockXSize, y = row * nBlockYSize;
    GaclipError error = {};
    // A block on the border goes on behind it; there is no ground there.
    if (gaclip_view_read_band(data, m_dataset->View(), m_number - 1, x * m_scale_x, y * m_scale_y,
                              nBlockXSize * m_scale_x, nBlockYSize * m_scale_y, nBlockXSize,
                              nBlockYSize, &error) == GACLIP_OK)
        return CE_None;
    GaclipReport(error);
    return CE_Failure;
}

CPLErr GaclipBand::IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void *data,
                             int out_width, int out_height, GDALDataType type, GSpacing pixel_space,
                             GSpacing line_space, GDALRasterIOExtraArg *extra)
{
    GDALRasterIOExtraArg watched = *extra;
    GaclipProgress reporting(extra->pfnProgress, extra->pProgressData);
    reporting.Watch(&watched);
    return GDALPamRasterBand::IRasterIO(flag, x, y, width, height, data, out_width, out_height,
                                        type, pixel_space, line_space, &watched);
}

double GaclipBand::GetNoDataValue(int *success)
{
    if (success != nullptr) *success = TRUE;
    return IsByte() ? static_cast<double>(GACLIP_NO_BYTE)
                    : std::numeric_limits<double>::quiet_NaN();
}

double GaclipBand::GetScale(int *success)
{
    double scale, offset;
    gaclip_view_band_scaling(&scale, &offset, m_dataset->View());
    if (success != nullptr) *success = IsScaled();
    return IsScaled() ? scale : 1;
}

double GaclipBand::GetOffset(int *success)
{
    double scale, offset;
    gaclip_view_band_scaling(&scale, &offset, m_dataset->View());
    if (success != nullptr) *success = IsScaled();
    return IsScaled() ? offset : 0;
}

// What the measure can be is known without looking at the scene, but only statistics are tight.
double GaclipBand::GetMinimum(int *success)
{
    int is_known = FALSE;
    double scale, offset;
    const double minimum = GDALPamRasterBand::GetMinimum(&is_known);
    gaclip_view_band_scaling(&scale, &offset, m_dataset->View());
    if (success != nullptr) *success = is_known;
    return is_known ? minimum : IsByte() ? 0 : offset;
}

double GaclipBand::GetMaximum(int *success)
{
    int is_known = FALSE;
    const double maximum = GDALPamRasterBand::GetMaximum(&is_known);
    if (success != nullptr) *success = is_known;
    return is_known ? maximum : IsByte() ? GACLIP_NO_BYTE - 1 : 1;
}

GDALColorInterp GaclipBand::GetColorInterpretation()
{
    return HasColours() ? GCI_PaletteIndex : m_number == 1 ? GCI_GrayIndex : GCI_Undefined;
}

GDALColorTable *GaclipBand::GetColorTable()
{
    return HasColours() ? &m_colours : nullptr;
}

int GaclipBand::GetOverviewCount()
{
    return static_cast<int>(m_overviews.size());
}

GDALRasterBand *GaclipBand::GetOverview(int index)
{
    return index >= 0 && index < GetOverviewCount() ? m_overviews[static_cast<size_t>(index)].get()
                                                    : nullptr;
}

// GDAL would take a small overview, for which the whole scene has to be inferred; of the band
// itself it takes some blocks.
GDALRasterBand *GaclipBand::GetRasterSampleOverview(GUIntBig samples)
{
    (void)samples;
    return this;
}

// The values of blocks spread over the scene; false where they cannot be read.
bool GaclipBand::Sample(std::vector<double> &values, GaclipProgress &reporting)
{
    std::vector<double> block(static_cast<size_t>(nBlockXSize) * static_cast<size_t>(nBlockYSize));
    for (int i = 0; i < SAMPLED * SAMPLED; i++) {
        const int x =
            static_cast<int>((nRasterXSize - nBlockXSize) * (i % SAMPLED) / (SAMPLED - 1.0));
        const int y =
            static_cast<int>((nRasterYSize - nBlockYSize) * (i / SAMPLED) / (SAMPLED - 1.0));
        if (RasterIO(GF_Read, x, y, nBlockXSize, nBlockYSize, block.data(), nBlockXSize,
                     nBlockYSize, GDT_Float64, 0, 0, nullptr) != CE_None)
            return false;
        if (!GaclipProgress::Forward((i + 1.0) / (SAMPLED * SAMPLED), "", &reporting)) {
            CPLError(CE_Failure, CPLE_UserInterrupt, "User terminated");
            return false;
        }
        for (double value : block)
            if (!std::isnan(value) && !(IsByte() && value >= static_cast<int>(GACLIP_NO_BYTE)))
                values.push_back(value);
    }
    return true;
}

// A few blocks stand for a large scene.
CPLErr GaclipBand::ComputeStatistics(int approximate, double *minimum, double *maximum,
                                     double *mean, double *deviation, GDALProgressFunc progress,
                                     void *payload)
{
    const bool is_large =
        nRasterXSize > SAMPLED * nBlockXSize || nRasterYSize > SAMPLED * nBlockYSize;
    if (!approximate || !is_large)
        return GDALPamRasterBand::ComputeStatistics(FALSE, minimum, maximum, mean, deviation,
                                                    progress, payload);
    GaclipProgress reporting(progress, payload);
    std::vector<double> values;
    GaclipProgress::Forward(0, "", &reporting);
    if (!Sample(values, reporting)) return CE_Failure;
    if (values.empty()) {
        CPLError(CE_Failure, CPLE_AppDefined, "No valid pixels found in sampling.");
        return CE_Failure;
    }
    const auto range = std::minmax_element(values.begin(), values.end());
    double sum = 0, squares = 0;
    for (double value : values) sum += value;
    const double centre = sum / static_cast<double>(values.size());
    for (double value : values) squares += (value - centre) * (value - centre);
    const double spread = std::sqrt(squares / static_cast<double>(values.size()));
    SetStatistics(*range.first, *range.second, centre, spread);
    SetMetadataItem("STATISTICS_APPROXIMATE", "YES");
    if (minimum != nullptr) *minimum = *range.first;
    if (maximum != nullptr) *maximum = *range.second;
    if (mean != nullptr) *mean = centre;
    if (deviation != nullptr) *deviation = spread;
    return CE_None;
}
