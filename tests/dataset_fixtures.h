/* Small data sets in GDAL's memory file system. */
#ifndef GACLIP_TESTS_DATASET_FIXTURES_H
#define GACLIP_TESTS_DATASET_FIXTURES_H

#include "gaclip/dataset.h"
#include "geo_fixtures.h"

static inline void make_folder(const char *path)
{
    assert_int_equal(VSIMkdirRecursive(path, 0755), 0);
}

static inline void put_file(const char *path, const char *text)
{
    VSILFILE *file = VSIFOpenL(path, "wb");
    assert_non_null(file);
    assert_int_equal(VSIFWriteL(text, 1, strlen(text), file), strlen(text));
    VSIFCloseL(file);
}

/* A GeoTIFF of RGB bytes: red is the column, green the row, blue as given. */
static inline void put_image(const char *path, int width, int height, int blue)
{
    size_t pixels = (size_t)width * (size_t)height;
    float *columns = malloc(pixels * sizeof *columns), *rows = malloc(pixels * sizeof *rows);
    GDALDatasetH dataset = new_raster(path, width, height, 3, GDT_Byte, NULL, NULL);
    for (size_t i = 0; i < pixels; i++) {
        columns[i] = (float)(i % (size_t)width);
        rows[i] = (float)(i / (size_t)width);
    }
    write_band(dataset, 1, columns);
    write_band(dataset, 2, rows);
    fill_band(dataset, 3, blue);
    GDALClose(dataset);
    free(columns);
    free(rows);
}

static inline GaclipDataset *new_dataset(void)
{
    GaclipDataset *dataset;
    GaclipError err = {0};
    expect_ok(gaclip_dataset_new(&dataset, &err), &err);
    return dataset;
}

/* options may be NULL. */
static inline GaclipDataset *read_dataset(const char *path, const GaclipDatasetReadOptions *options)
{
    GaclipDatasetReadOptions defaults;
    GaclipDataset *dataset = new_dataset();
    GaclipError err = {0};
    gaclip_dataset_read_options_init(&defaults);
    expect_ok(gaclip_dataset_read(dataset, path, options ? options : &defaults, &err), &err);
    return dataset;
}

/* Reading path fails so, with text in the message. */
static inline void expect_unreadable(const char *path, const GaclipDatasetReadOptions *options,
                                     int status, const char *text)
{
    GaclipDatasetReadOptions defaults;
    GaclipDataset *dataset = new_dataset();
    GaclipError err = {0};
    gaclip_dataset_read_options_init(&defaults);
    expect_error(gaclip_dataset_read(dataset, path, options ? options : &defaults, &err), status,
                 &err, text);
    if (!strstr(err.message, path)) fail_msg("no \"%s\" in the message: %s", path, err.message);
    gaclip_dataset_free(dataset);
}

/* To the eight digits that a dataset keeps. */
static inline void expect_box(const double box[4], double x1, double y1, double x2, double y2)
{
    const double expected[4] = {x1, y1, x2, y2};
    for (int i = 0; i < 4; i++)
        if (!(box[i] > expected[i] - 1e-8 && box[i] < expected[i] + 1e-8))
            fail_msg("box %g %g %g %g in place of %g %g %g %g", box[0], box[1], box[2], box[3], x1,
                     y1, x2, y2);
}

#endif
