/* A libFuzzer target: anything as a folder's JSON: a configuration, image statistics, an index. */
#include "fuzz.h"
#include "model/config.h"
#include "weights/foreign_config.h"
#include "weights/json_file.h"
#include "weights/shard_index.h"

static int see_shard(const char *path, void *payload, GaclipError *err)
{
    (void)payload;
    (void)err;
    fuzz_expect(path[0] == '/', "a shard that is not beside its index");
    return GACLIP_OK;
}

static void read_configuration(const cJSON *json)
{
    GaclipModelConfig config;
    GaclipError err = {0};
    if (gaclip__foreign_config_read(&config, json, &err))
        fuzz_expect_message(&err);
    else
        fuzz_expect(!gaclip__config_check(&config, &err), "a configuration that is not sound");
    err = (GaclipError){0};
    gaclip__foreign_config_init(&config);
    if (gaclip__foreign_config_image(&config, json, &err)) fuzz_expect_message(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *json;
    GaclipError err = {0};
    const char *path = fuzz_file(data, size);
    if (!path) return 0;
    if (gaclip__json_read(&json, path, &err)) {
        fuzz_expect_message(&err);
        return 0;
    }
    read_configuration(json);
    cJSON_Delete(json);
    if (gaclip__shards_visit(path, see_shard, NULL, &err)) fuzz_expect_message(&err);
    return 0;
}
