// Where the Weights view gets what it draws: the open session's calls as plain functions, so that the view can be shown
// alone with made-up data.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/progress.h"
#include "core/studio/views.h"

namespace quantscope::studio {
class Session;
}

namespace quantscope::widgets {

/// Each call may take long and comes from a worker thread, except `cached`, which is quick and may return null.
struct WeightProvider {
    std::function<std::shared_ptr<const studio::WeightView>(const std::string& layer)> cached;
    std::function<std::shared_ptr<const studio::WeightView>(const std::string& layer, Progress&)> view;
    /// As Session::weight_tile: the part that starts at (row, column), pooled to at most height × width cells.
    std::function<studio::WeightTile(const std::string& layer, std::int64_t row, std::int64_t column, std::int64_t rows,
                                     std::int64_t columns, int height, int width, bool maximum, Progress&)>
        tile;
    std::function<float(const std::string& layer, std::int64_t row, std::int64_t column)> at;
    std::function<studio::Histogram(const std::string& layer, bool output, std::int64_t channel, Progress&)> channel;
};

std::shared_ptr<const WeightProvider> provider_of(const std::shared_ptr<studio::Session>& session);

} // namespace quantscope::widgets
