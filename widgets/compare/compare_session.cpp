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

void put(json& into, const TextSettings& text) {
    into["prompt"] = text.prompt.toStdString();
    into["chat"] = text.chat;
    into["length"] = text.max_tokens;
    into["temperature"] = text.temperature;
    into["seed"] = text.seed;
}

TextSettings text_settings_from(const json& from) {
    return {QString::fromStdString(from.at("prompt").get<std::string>()), from.at("chat").get<bool>(),
            from.at("length").get<int>(), from.at("temperature").get<double>(), from.at("seed").get<quint64>()};
}

/// JSON has no NaN: what is not known, as a first token's likelihood, is null there.
float number(const json& value) { return value.is_number() ? value.get<float>() : NAN; }

/// Tokens and candidates as arrays, since there are thousands: [text, id, KL, NLL, agrees] and [text, original, this].
json as_json(const TextPanel::Run& run, std::size_t column) {
    const studio::TextColumn& from = run.columns[column];
    json to{{"model", run.models[column].name.toStdString()},
            {"place", run.models[column].place},
            {"name", from.name},
            {"generated", from.generated},
            {"remark", from.remark},
            {"tokens", json::array()},
            {"candidates", json::array()}};
    for (const auto& token : from.tokens)
        to["tokens"].push_back({token.text, token.id, token.kl, token.nll, token.agrees});
    for (const auto& position : run.candidates[column]) {
        json list = json::array();
        for (const auto& candidate : position)
            list.push_back({candidate.text, candidate.original, candidate.quantized});
        to["candidates"].push_back(std::move(list));
    }
    return to;
}

json as_json(const TextPanel::Run& run) {
    json state{{"columns", json::array()}};
    put(state, run.settings);
    for (std::size_t i = 0; i < run.columns.size(); ++i)
        state["columns"].push_back(as_json(run, i));
    return state;
}

TextPanel::Run text_run_from(const json& state) {
    TextPanel::Run run;
    run.settings = text_settings_from(state);
    for (const json& from : state.at("columns")) {
        run.models.push_back(
            {QString::fromStdString(from.at("model").get<std::string>()), from.at("place").get<int>()});
        studio::TextColumn& column = run.columns.emplace_back();
        column.name = from.at("name").get<std::string>();
        column.generated = from.at("generated").get<std::string>();
        column.remark = from.at("remark").get<std::string>();
        for (const json& token : from.at("tokens"))
            column.tokens.push_back({token.at(0).get<std::string>(), token.at(1).get<std::int32_t>(),
                                     number(token.at(2)), number(token.at(3)), token.at(4).get<bool>()});
        auto& positions = run.candidates.emplace_back();
        for (const json& position : from.at("candidates")) {
            auto& list = positions.emplace_back();
            for (const json& candidate : position)
                list.push_back({candidate.at(0).get<std::string>(), number(candidate.at(1)), number(candidate.at(2))});
        }
    }
    return run;
}

} // namespace

json CompareView::state() const {
    json state{{"settings", as_json(settings())},
               {"rows", json::array()},
               {"runs", json::array()},
               {"texts", as_json(text_panel_->run())}};
    put(state, textSettings());
    for (const auto& row : model_->rows())
        state["rows"].push_back({{"name", row.name.toStdString()}, {"recipe", row.recipe}, {"checked", row.checked}});
    for (const CompareRun& run : runs_) {
        json row = studio::as_json(run.row);
        row["recipe"] = run.row.recipe;
        state["runs"].push_back({{"settings", as_json(run.settings)}, {"row", std::move(row)}});
    }
    return state;
}

void CompareView::restoreTexts(const json& state) {
    if (!state.contains("texts")) return; // earlier versions did not keep them
    try {
        const TextPanel::Run run = text_run_from(state["texts"]);
        if (!run.columns.empty()) text_panel_->setRun(run);
    } catch (const json::exception&) { // the table, which took longer, is restored without them
    }
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
        const TextSettings text = text_settings_from(state);
        if (rows.size() < 2 || !rows[0].recipe.is_null()) return;
        rows[0].fixed = rows[1].fixed = true;
        rows[1].recipe = model_->rows()[1].recipe; // the present recipe is the document's
        rows[1].name = model_->rows()[1].name;
        runs_ = std::move(runs);
        model_->setRows(std::move(rows));
        text_panel_->setSettings(text);
        restoreTexts(state);
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
