// What the writer and the reader of packed files share: the metadata's keys and one site's description.
#pragma once

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/schemes/fitted_site.h"

namespace quantscope::packed {

inline constexpr const char *layout_key = "quantscope_packed", *layout = "1", *version_key = "quantscope_version",
                            *source_key = "source", *sha256_key = "source_sha256", *created_key = "created",
                            *family_key = "family", *recipe_key = "recipe", *sites_key = "sites",
                            *blocks_key = "blocks", *copies_key = "copies", *container_key = "source_container",
                            *order_key = "tensors", *naming_key = "source_format", *config_key = "source_config",
                            *metadata_key = "source_metadata";

/// JSON has no infinity: an exact site's SQNR is null.
inline nlohmann::json as_json(const SiteError& error) {
    return {{"mse", error.mse},           {"sqnr_db", error.sqnr_db},
            {"cosine", error.cosine},     {"max_error", error.max_error},
            {"relative", error.relative}, {"saturated", error.saturated}};
}

inline SiteError error_from(const nlohmann::json& json) {
    const auto number = [&](const char* key, double otherwise) {
        const auto found = json.is_object() ? json.find(key) : json.end();
        return found != json.end() && found->is_number() ? found->get<double>() : otherwise;
    };
    SiteError error;
    error.mse = number("mse", 0);
    error.sqnr_db = number("sqnr_db", INFINITY);
    error.cosine = number("cosine", 1);
    error.max_error = number("max_error", 0);
    error.relative = number("relative", 0);
    error.saturated = number("saturated", 0);
    return error;
}

} // namespace quantscope::packed
