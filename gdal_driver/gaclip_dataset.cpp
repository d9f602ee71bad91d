#include "gaclip_dataset.h"

#include <cpl_string.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "gaclip_band.h"
#include "gaclip_layer.h"

void GaclipReport(const GaclipError &error)
{
    CPLError(CE_Failure,
             error.status == GACLIP_ERROR_MEMORY        ? CPLE_OutOfMemory
             : error.status == GACLIP_ERROR_INTERRUPTED ? CPLE_UserInterrupt
             : error.status == GACLIP_ERROR_IO          ? CPLE_OpenFailed
             : error.status == GACLIP_ERROR_ARGUMENT    ? CPLE_IllegalArg
             : error.status == GACLIP_ERROR_UNSUPPORTED ? CPLE_NotSupported
                                                        : CPLE_AppDefined,
             "%s", error.message);
}

static thread_local GaclipProgress *told = nullptr;

GaclipProgress::GaclipProgress(GDALProgressFunc call, void *payload)
    : m_call(call), m_payload(payload), m_outer(told)
{
    if (call == nullptr) return;
    told = this;
    gaclip_view_set_progress(Report, this);
}

GaclipProgress::~GaclipProgress()
{
    told = m_outer;
    gaclip_view_set_progress(m_outer != nullptr ? Report : nullptr, m_outer);
}

void GaclipProgress::Watch(GDALRasterIOExtraArg *extra)
{
    if (m_call == nullptr) return;
    m_share = 0;
    extra->pfnProgress = Forward;
    extra->pProgressData = this;
}

int GaclipProgress::Forward(double share, const char *message, void *self)
{
    auto *progress = static_cast<GaclipProgress *>(self);
    progress->m_share = share;
    return progress->m_call == nullptr || progress->m_call(share, message, progress->m_payload);
}

int GaclipProgress::Report(int done, int total, void *self)
{
    auto *progress = static_cast<GaclipProgress *>(self);
    const double own = total > 0 ? static_cast<double>(done) / total : 0;
    return !progress->m_call(progress->m_share >= 0 ? progress->m_share : own, "",
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
    if (!(info->nOpenFlags & GDAL_OF_VECTOR) && gaclip_view_info(view.get())->band_count == 0) {
        CPLDebug("GACLIP", "%s: has no classes and so no bands", info->pszFilename);
        return nullptr;
    }
    std::unique_ptr<GaclipDataset> dataset(new GaclipDataset(std::move(view)));
    dataset->SetDescription(info->pszFilename);
    if (info->nOpenFlags & GDAL_OF_RASTER) dataset->AddBands();
    if (info->nOpenFlags & GDAL_OF_VECTOR) dataset->AddLayers();
    // Statistics are kept beside a file, as it is; a connection string is no name for one.
    if (dataset->IsFile() && gaclip_view_request(dataset->View())->replaced == 0)
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

// Whether it was opened by the name of a .gaclip file.
bool GaclipDataset::IsFile() const
{
    const char *file = gaclip_view_request(m_view.get())->file;
    return file != nullptr && strcmp(file, GetDescription()) == 0;
}

// The scene is not part of it: what is deleted or renamed with the file is what belongs to it
// alone.
char **GaclipDataset::GetFileList()
{
    CPLStringList files(GDALPamDataset::GetFileList());
    const char *cache = IsFile() ? gaclip_view_cache_file(View()) : nullptr;
    VSIStatBufL facts;
    if (cache != nullptr && VSIStatExL(cache, &facts, VSI_STAT_EXISTS_FLAG) == 0)
        files.AddString(cache);
    return files.StealList();
}

char **GaclipDataset::GetMetadataDomainList()
{
    return BuildMetadataDomainList(GDALPamDataset::GetMetadataDomainList(), TRUE, "SUBDATASETS",
                                   "GACLIP", nullptr);
}

char **GaclipDataset::Counts()
{
    const GaclipViewCounts counts = gaclip_view_counts(View());
    m_counts.SetNameValue("TILES", CPLSPrintf("%d", counts.tiles));
    m_counts.SetNameValue("TILES_KNOWN", CPLSPrintf("%d", counts.tiles_known));
    m_counts.SetNameValue("TILES_RUN", CPLSPrintf("%d", counts.tiles_run));
    m_counts.SetNameValue("BAND_WINDOWS_RUN", CPLSPrintf("%d", counts.band_windows_run));
    return m_counts.List();
}

// Each class as a raster of its own, for a GIS that colours one band a layer.
char **GaclipDataset::Subdatasets()
{
    if (!m_subdatasets.empty()) return m_subdatasets.List();
    for (int i = 0; nBands > 1 && i < nBands; i++) {
        const char *name = gaclip_view_band_class(View(), i);
        char *text = gaclip_request_string(gaclip_view_request(View()), "show", name);
        if (text == nullptr) continue;
        m_subdatasets.SetNameValue(CPLSPrintf("SUBDATASET_%d_NAME", i + 1), text);
        m_subdatasets.SetNameValue(CPLSPrintf("SUBDATASET_%d_DESC", i + 1),
                                   CPLSPrintf("%s - dense map of the class", name));
        std::free(text);
    }
    return m_subdatasets.List();
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
    GDALRasterIOExtraArg watched = *extra;
    GaclipProgress reporting(extra->pfnProgress, extra->pProgressData);
    reporting.Watch(&watched);
    return GDALPamDataset::IRasterIO(flag, x, y, width, height, data, out_width, out_height, type,
                                     band_count, bands, pixel_space, line_space, band_space,
                                     &watched);
}
