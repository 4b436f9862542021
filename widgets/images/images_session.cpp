// What the Images view remembers from one session to the next: the controls, not the pictures, which a seed brings
// back.
#include "widgets/images/images_view.h"

namespace quantscope::widgets {

using nlohmann::json;

json ImagesView::state() const {
    const studio::ImageRequest asked = request();
    json state{{"rows", json::array()},
               {"models", json::array()},
               {"sampler", asked.sampler},
               {"steps", asked.steps},
               {"guidance", asked.guidance}};
    for (const auto& row : asked.rows)
        state["rows"].push_back({{"label", row.label}, {"seed", row.seed}});
    for (const auto& model : asked.models)
        state["models"].push_back({{"name", model.name}, {"recipe", model.recipe}});
    return state;
}

void ImagesView::restore(const json& state) {
    try {
        studio::ImageRequest asked;
        for (const json& row : state.at("rows"))
            asked.rows.push_back({row.at("label").get<int>(), {}, row.at("seed").get<std::uint64_t>()});
        for (const json& model : state.at("models"))
            asked.models.push_back({model.at("name").get<std::string>(), model.at("recipe")});
        asked.sampler = state.at("sampler").get<std::string>();
        asked.steps = state.at("steps").get<int>();
        asked.guidance = state.at("guidance").get<double>();
        if (!asked.rows.empty()) setRequest(asked);
    } catch (const json::exception&) {
        return;
    }
}

} // namespace quantscope::widgets
