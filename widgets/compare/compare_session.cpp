// What the Compare view remembers from one session to the next. Apart from the view, so that the view links without
// core.
#include "core/studio/compare_row.h"
#include "widgets/compare/compare_view.h"

namespace quantscope::widgets {

using nlohmann::json;

namespace {

json as_json(const CompareSettings& settings) {
    return {{"text", settings.text.toStdString()},
            {"context", settings.context},
            {"max_tokens", settings.max_tokens},
            {"llama_cpp_convention", settings.llama_cpp_convention}};
}

CompareSettings settings_from(const json& from) {
    return {QString::fromStdString(from.at("text").get<std::string>()), from.at("context").get<int>(),
            from.at("max_tokens").get<int>(), from.at("llama_cpp_convention").get<bool>()};
}

CompareModel::Row row_from(const json& from) {
    CompareModel::Row row;
    row.name = QString::fromStdString(from.at("name").get<std::string>());
    row.recipe = from.at("recipe");
    row.checked = from.at("checked").get<bool>();
    return row;
}

} // namespace

json CompareView::state() const {
    const TextSettings text = textSettings();
    json state{{"settings", as_json(settings())},
               {"prompt", text.prompt.toStdString()},
               {"chat", text.chat},
               {"length", text.max_tokens},
               {"temperature", text.temperature},
               {"seed", text.seed},
               {"rows", json::array()},
               {"runs", json::array()}};
    for (const auto& row : model_->rows())
        state["rows"].push_back({{"name", row.name.toStdString()}, {"recipe", row.recipe}, {"checked", row.checked}});
    for (const CompareRun& run : runs_) {
        json row = studio::as_json(run.row);
        row["recipe"] = run.row.recipe;
        state["runs"].push_back({{"settings", as_json(run.settings)}, {"row", std::move(row)}});
    }
    return state;
}

/// A session file is written by this program, but a person or an older version may have changed it: what does not fit
/// is left out, as if it had not been remembered.
void CompareView::restore(const json& state) {
    try {
        const CompareSettings settings = settings_from(state.at("settings"));
        std::vector<CompareRun> runs;
        for (const json& run : state.at("runs"))
            runs.push_back({settings_from(run.at("settings")), studio::row_from_json(run.at("row"))});
        std::vector<CompareModel::Row> rows;
        for (const json& row : state.at("rows"))
            rows.push_back(row_from(row));
        const TextSettings text{QString::fromStdString(state.at("prompt").get<std::string>()),
                                state.at("chat").get<bool>(), state.at("length").get<int>(),
                                state.at("temperature").get<double>(), state.at("seed").get<quint64>()};
        if (rows.size() < 2 || !rows[0].recipe.is_null()) return;
        rows[0].fixed = rows[1].fixed = true;
        rows[1].recipe = model_->rows()[1].recipe; // the present recipe is the document's
        rows[1].name = model_->rows()[1].name;
        runs_ = std::move(runs);
        model_->setRows(std::move(rows));
        text_panel_->setSettings(text);
        showText(settings.text);
        context_->setValue(settings.context);
        tokens_->setValue(settings.max_tokens);
        convention_->setCurrentIndex(settings.llama_cpp_convention ? 1 : 0);
    } catch (const json::exception&) {
        return;
    }
    fitTable();
    refreshResults();
}

} // namespace quantscope::widgets
