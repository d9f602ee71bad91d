#include "gaclip_dataset.h"

#include <cpl_string.h>

#include <cstdlib>
#include <new>

#include "gaclip_band.h"
#include "gaclip_layer.h"

void GaclipReport(const GaclipError &error)
{
    CPLError(CE_Failure,
             error.status == GACLIP_ERROR_MEMORY        ? CPLE_OutOfMemory
             : error.status == GACLIP_ERROR_INTERRUPTED ? CPLE_UserInterrupt
             : error.status == GACLIP_ERROR_IO          ? CPLE_OpenFailed
                                                        : CPLE_AppDefined,
             "%s", error.message);
}

GaclipProgress::GaclipProgress(GDALProgressFunc call, void *payload)
    : m_call(call), m_payload(payload)
{
    gaclip_view_set_progress(call != nullptr ? Report : nullptr, this);
}

GaclipProgress::~GaclipProgress()
{
    gaclip_view_set_progress(nullptr, nullptr);
}

int GaclipProgress::Report(int done, int total, void *self)
{
    auto *progress = static_cast<GaclipProgress *>(self);
    return !progress->m_call(total > 0 ? static_cast<double>(done) / total : 0, "",
                             progress->m_payload);
}

GaclipDataset::GaclipDataset(GaclipViewPointer view) : m_view(std::move(view))
{
    const GaclipViewInfo *info = gaclip_view_info(m_view.get());
    nRasterXSize = info->width;
    nRasterYSize = info->height;
    m_crs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
    if (*info->crs_wkt != '\0') m_crs.importFromWkt(info->crs_wkt);
}

// Layers and bands go before the view that they read from.
GaclipDataset::~GaclipDataset()
{
    FlushCache(true);
    m_layers.clear();
}

void GaclipDataset::AddBands()
{
    for (int i = 0; i < gaclip_view_info(View())->band_count; i++)
        SetBand(i + 1, new GaclipBand(this, i + 1, 0));
    if (nBands > 1) GDALDataset::SetMetadataItem("INTERLEAVE", "PIXEL", "IMAGE_STRUCTURE");
}

void GaclipDataset::AddLayers()
{
    for (int i = 0; i < gaclip_view_layer_count(View()); i++)
        m_layers.emplace_back(new GaclipLayer(View(), gaclip_view_layer_at(View(), i), m_crs));
}

static GaclipView *OpenView(GDALOpenInfo *info, GaclipError *error)
{
    GaclipRequest request;
    GaclipView *view = nullptr;
    if (gaclip_request_parse(&request, info->pszFilename, error) != GACLIP_OK) return nullptr;
    if (gaclip_request_set_all(&request, info->papszOpenOptions, error) != GACLIP_OK) {
        gaclip_request_clear(&request);
        return nullptr;
    }
    gaclip_view_open(&view, &request, error);
    return view;
}

GDALDataset *GaclipDataset::Open(GDALOpenInfo *info)
try {
    GaclipError error = {};
    if (info->eAccess == GA_Update) {
        // QGIS tries this first; GDAL itself says why nothing was opened.
        CPLDebug("GACLIP", "%s: can only be read", info->pszFilename);
        return nullptr;
    }
    GaclipViewPointer view(OpenView(info, &error));
    if (!view) {
        GaclipReport(error);
        return nullptr;
    }
    std::unique_ptr<GaclipDataset> dataset(new GaclipDataset(std::move(view)));
    dataset->SetDescription(info->pszFilename);
    if (info->nOpenFlags & GDAL_OF_RASTER) dataset->AddBands();
    if (info->nOpenFlags & GDAL_OF_VECTOR) dataset->AddLayers();
    // Statistics are kept beside a file; a connection string is no name for one.
    if (gaclip_view_request(dataset->View())->file != nullptr &&
        EQUAL(gaclip_view_request(dataset->View())->file, info->pszFilename))
        dataset->TryLoadXML();
    else
        dataset->nPamFlags |= GPF_NOSAVE;
    return dataset.release();
} catch (const std::bad_alloc &) {
    CPLError(CE_Failure, CPLE_OutOfMemory, "%s: out of memory", info->pszFilename);
    return nullptr;
}

int GaclipDataset::GetLayerCount()
{
    return static_cast<int>(m_layers.size());
}

OGRLayer *GaclipDataset::GetLayer(int index)
{
    return index >= 0 && index < GetLayerCount() ? m_layers[static_cast<size_t>(index)].get()
                                                 : nullptr;
}

void GaclipDataset::ResetReading()
{
    m_reading = 0;
    for (auto &layer : m_layers) layer->ResetReading();
}

OGRFeature *GaclipDataset::GetNextFeature(OGRLayer **layer, double *share,
                                          GDALProgressFunc progress, void *payload)
{
    GaclipProgress reporting(progress, payload);
    OGRFeature *feature = nullptr;
    for (; m_reading < m_layers.size(); m_reading++) {
        feature = m_layers[m_reading]->GetNextFeature();
        // An interrupted layer goes on at the next call.
        if (feature != nullptr || !m_layers[m_reading]->IsAnswered()) break;
    }
    if (layer != nullptr) *layer = feature != nullptr ? m_layers[m_reading].get() : nullptr;
    if (share != nullptr)
        *share = m_reading == m_layers.size()
                     ? 1
                     : (static_cast<double>(m_reading) + m_layers[m_reading]->Share()) /
                           static_cast<double>(m_layers.size());
    return feature;
}

int GaclipDataset::TestCapability(const char *capability)
{
    return EQUAL(capability, ODsCRandomLayerRead);
}

CPLErr GaclipDataset::GetGeoTransform(double *transform)
{
    const GaclipViewInfo *info = gaclip_view_info(View());
    for (int i = 0; i < 6; i++) transform[i] = info->geotransform[i];
    return info->has_geotransform ? CE_None : CE_Failure;
}

const OGRSpatialReference *GaclipDataset::GetSpatialRef() const
{
    return m_crs.IsEmpty() ? nullptr : &m_crs;
}

char **GaclipDataset::GetMetadataDomainList()
{
    return BuildMetadataDomainList(GDALPamDataset::GetMetadataDomainList(), TRUE, "SUBDATASETS",
                                   "GACLIP", nullptr);
}

char **GaclipDataset::Counts()
{
    const GaclipViewCounts counts = gaclip_view_counts(View());
    m_metadata.Clear();
    m_metadata.SetNameValue("TILES", CPLSPrintf("%d", counts.tiles));
    m_metadata.SetNameValue("TILES_KNOWN", CPLSPrintf("%d", counts.tiles_known));
    m_metadata.SetNameValue("TILES_RUN", CPLSPrintf("%d", counts.tiles_run));
    m_metadata.SetNameValue("BAND_WINDOWS_RUN", CPLSPrintf("%d", counts.band_windows_run));
    return m_metadata.List();
}

// Each class as a raster of its own, for a GIS that colours one band a layer.
char **GaclipDataset::Subdatasets()
{
    m_metadata.Clear();
    for (int i = 0; nBands > 1 && i < nBands; i++) {
        const char *name = gaclip_view_band_class(View(), i);
        char *text = gaclip_request_string(gaclip_view_request(View()), "show", name);
        if (text == nullptr) continue;
        m_metadata.SetNameValue(CPLSPrintf("SUBDATASET_%d_NAME", i + 1), text);
        m_metadata.SetNameValue(CPLSPrintf("SUBDATASET_%d_DESC", i + 1),
                                CPLSPrintf("%s - dense map of the class", name));
        std::free(text);
    }
    return m_metadata.List();
}

char **GaclipDataset::GetMetadata(const char *domain)
{
    if (domain != nullptr && EQUAL(domain, "GACLIP")) return Counts();
    if (domain != nullptr && EQUAL(domain, "SUBDATASETS")) return Subdatasets();
    return GDALPamDataset::GetMetadata(domain);
}

const char *GaclipDataset::GetMetadataItem(const char *name, const char *domain)
{
    if (domain != nullptr && (EQUAL(domain, "GACLIP") || EQUAL(domain, "SUBDATASETS")))
        return CSLFetchNameValue(GetMetadata(domain), name);
    return GDALPamDataset::GetMetadataItem(name, domain);
}

CPLErr GaclipDataset::IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void *data,
                                int out_width, int out_height, GDALDataType type, int band_count,
                                int *bands, GSpacing pixel_space, GSpacing line_space,
                                GSpacing band_space, GDALRasterIOExtraArg *extra)
{
    GaclipProgress reporting(extra->pfnProgress, extra->pProgressData);
    return GDALPamDataset::IRasterIO(flag, x, y, width, height, data, out_width, out_height, type,
                                     band_count, bands, pixel_space, line_space, band_space, extra);
}
