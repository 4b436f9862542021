// The open session's calls as plain functions. Apart from the view, so that the view links without core.
#include "widgets/weights/weight_provider.h"

#include "core/studio/session.h"
#include "widgets/weights/weights_view.h"

namespace quantscope::widgets {

std::shared_ptr<const WeightProvider> provider_of(const std::shared_ptr<studio::Session>& session) {
    if (!session) return nullptr;
    auto provider = std::make_shared<WeightProvider>();
    provider->cached = [session](const std::string& layer) { return session->cached_weight_view(layer); };
    provider->view = [session](const std::string& layer, Progress& progress) {
        return session->weight_view(layer, progress);
    };
    provider->tile = [session](const std::string& layer, std::int64_t row, std::int64_t column, std::int64_t rows,
                               std::int64_t columns, int height, int width, bool maximum, Progress& progress) {
        return session->weight_tile(layer, row, column, rows, columns, height, width, maximum, progress);
    };
    provider->at = [session](const std::string& layer, std::int64_t row, std::int64_t column) {
        return session->weight_at(layer, row, column);
    };
    provider->channel = [session](const std::string& layer, bool output, std::int64_t channel, Progress& progress) {
        return session->channel_histogram(layer, output, channel, progress);
    };
    return provider;
}

void WeightsView::set_session(std::shared_ptr<studio::Session> session) { set_provider(provider_of(session)); }

} // namespace quantscope::widgets
