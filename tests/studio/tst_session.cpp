// The Session on the default model: what the windows call, in the order in which a person does.
#include <QtTest>
#include <chrono>
#include <cmath>
#include <thread>

#include "core/base/errors.h"
#include "core/export/packed.h"
#include "core/studio/session.h"

using namespace quantscope;
using nlohmann::json;
using studio::Session;

namespace {

const std::string layer = "model.layers.0.self_attn.k_proj", other = "model.layers.29.mlp.down_proj";

/// Two layers only, so that the test stays quick.
json small_recipe(int bits = 4) {
    return {{"quantscope_recipe", 1},
            {"sites",
             {{{"match", layer},
               {"weight",
                {{"grid", {{"name", "uniform"}, {"bits", bits}, {"granularity", "channel"}}},
                 {"clipping", {{"name", "mse"}}}}}},
              {{"match", other},
               {"weight",
                {{"grid", {{"name", "piecewise"}, {"bits", bits}, {"granularity", "channel"}}},
                 {"clipping", {{"name", "mse"}}}}}}}}};
}

std::shared_ptr<Session> session() {
    static const auto one = [] {
        Progress progress;
        return Session::open(QUANTSCOPE_DEFAULT_MODEL, progress);
    }();
    return one;
}

} // namespace

class SessionTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theCardSaysWhatTheModelIs();
    void aWeightViewCountsEveryWeightOnce();
    void aTileNoLargerThanItsPictureIsExact();
    void anEstimateIsNearTheExactFit();
    void planAndTotalsFollowTheRecipe();
    void quantizingTellsEachLayerAndIsRemembered();
    void rowsOfTheComparisonAreAgainstTheOriginal();
    void textIsComparedTokenForToken();
    void anExportedModelOpensAgainWithTheSameWeights();
    void aCancelledFitStopsSoonAndLeavesNothing();
    void mistakesInARecipeAreNamed();
};

void SessionTest::theCardSaysWhatTheModelIs() {
    const auto& card = session()->card();
    QCOMPARE(card.kind, std::string("llm"));
    QVERIFY2(card.can_evaluate, card.why_not_evaluated.c_str());
    QCOMPARE(card.parameters, std::uint64_t(134515008));
    QCOMPARE(card.blocks, 30);
    QVERIFY(card.has_chat_template);
    const auto in_default = std::count_if(session()->layers().begin(), session()->layers().end(),
                                          [](const auto& l) { return l.in_default; });
    QCOMPARE(in_default, 210);
}

void SessionTest::aWeightViewCountsEveryWeightOnce() {
    Progress progress;
    const auto view = session()->weight_view(layer, progress);
    std::uint64_t counted = 0;
    for (auto count : view->histogram.counts)
        counted += count;
    QCOMPARE(counted, std::uint64_t(192 * 576));
    QCOMPARE(view->output.absmax.size(), std::size_t(192));
    QCOMPARE(view->input.absmax.size(), std::size_t(576));
    QCOMPARE(*std::max_element(view->output.absmax.begin(), view->output.absmax.end()),
             static_cast<float>(view->summary.absmax));
    QCOMPARE(session()->cached_weight_view(layer), view);
}

void SessionTest::aTileNoLargerThanItsPictureIsExact() {
    Progress progress;
    const auto tile = session()->weight_tile(layer, 3, 5, 4, 6, 64, 64, true, progress);
    QCOMPARE(tile.height, 4);
    QCOMPARE(tile.width, 6);
    for (int r = 0; r < 4; ++r)
        for (int c = 0; c < 6; ++c)
            QCOMPARE(tile.values[static_cast<std::size_t>(r * 6 + c)], session()->weight_at(layer, 3 + r, 5 + c));
}

void SessionTest::anEstimateIsNearTheExactFit() {
    Progress progress;
    const auto recipe = small_recipe();
    for (const auto& name : {layer, other}) {
        session()->weight_view(name, progress);
        const auto estimate = session()->estimate(name, session()->scheme_of(recipe, name), true);
        const auto exact = session()->fit_view(name, recipe, progress);
        QVERIFY(exact->result.exact && !estimate.exact);
        QVERIFY2(std::abs(estimate.mse / exact->result.mse - 1) < 0.1,
                 qPrintable(QString("estimate %1, exact %2").arg(estimate.mse).arg(exact->result.mse)));
        QCOMPARE(estimate.bytes, exact->result.bytes);
        QVERIFY(!estimate.error_by_clip.empty() && !estimate.overlay.levels.empty());
        double sum = 0; // per-channel errors add up to the layer's
        for (float rmse : exact->output_channel_rmse)
            sum += static_cast<double>(rmse) * rmse;
        QVERIFY(std::abs(sum / static_cast<double>(exact->output_channel_rmse.size()) / exact->result.mse - 1) < 1e-3);
    }
}

void SessionTest::planAndTotalsFollowTheRecipe() {
    const auto recipe = small_recipe();
    const auto planned = session()->planned(other, recipe);
    QCOMPARE(planned.scheme, std::string("piecewise W4 channel"));
    QVERIFY(planned.differs && planned.bits > 4 && planned.bits < 4.2);
    QCOMPARE(session()->planned("model.layers.5.mlp.up_proj", recipe).scheme, std::string("float"));
    const auto totals = session()->totals(recipe);
    QCOMPARE(totals.quantized_layers, std::size_t(2));
    QVERIFY(totals.bits_per_weight > 4 && totals.bits_per_weight < 4.2);
    const auto all = session()->planned_all(recipe);
    QCOMPARE(all.size(), session()->layers().size());
    for (const auto& [name, measures] : all)
        QCOMPARE(measures.scheme, session()->planned(name, recipe).scheme);
}

void SessionTest::quantizingTellsEachLayerAndIsRemembered() {
    const auto recipe = small_recipe();
    std::vector<std::string> told;
    Progress progress;
    session()->quantize(
        recipe,
        [&](const auto& name, const studio::LayerMeasures& m) {
            told.push_back(name);
            QVERIFY(m.error > 0 && !m.error_is_estimate);
        },
        progress);
    QCOMPARE(told, (std::vector<std::string>{layer, other}));
    QVERIFY(session()->is_quantized(recipe) && !session()->is_quantized(small_recipe(3)));
    QVERIFY(!session()->planned(layer, recipe).error_is_estimate);
}

void SessionTest::rowsOfTheComparisonAreAgainstTheOriginal() {
    Session::CompareOptions options;
    options.context = 64;
    options.max_tokens = 256;
    Progress progress;
    const auto original = session()->evaluate(nullptr, options, progress);
    const auto fine = session()->evaluate(small_recipe(8), options, progress);
    const auto coarse = session()->evaluate(small_recipe(2), options, progress);
    QCOMPARE(original.tokens, std::uint64_t(4 * 63));
    QVERIFY(original.perplexity > 1 && original.text_sha256.size() == 64);
    QCOMPARE(original.kl_mean, 0.0);
    QVERIFY(fine.kl_mean > 0 && fine.kl_mean < 1e-3);
    QVERIFY(coarse.kl_mean > 10 * fine.kl_mean);
    QVERIFY(coarse.bits_per_weight < fine.bits_per_weight);
}

void SessionTest::textIsComparedTokenForToken() {
    Session::TextOptions options;
    options.prompt = "The capital of France is";
    options.max_tokens = 8;
    std::string streamed;
    Progress progress;
    const auto columns = session()->compare_text(
        {nullptr, small_recipe(2)}, options,
        [&](std::size_t column, const std::string& piece) {
            if (column == 0) streamed += piece;
        },
        progress);
    QCOMPARE(columns.size(), std::size_t(2));
    QCOMPARE(columns[0].generated, streamed);
    QVERIFY(QString::fromStdString(columns[0].generated).contains("Paris"));
    QCOMPARE(columns[0].tokens.size(), columns[1].tokens.size());
    double kl = 0;
    for (std::size_t i = 0; i < columns[0].tokens.size(); ++i) {
        QCOMPARE(columns[0].tokens[i].kl, 0.0f);
        QCOMPARE(columns[0].tokens[i].id, columns[1].tokens[i].id);
        kl += columns[1].tokens[i].kl;
    }
    QVERIFY(kl > 0);
    const auto candidates = session()->candidates(1, 3);
    QVERIFY(candidates.size() >= 10);
    QVERIFY(candidates[0].original >= candidates[1].original);
    QVERIFY(session()->candidates(7, 3).empty() && session()->candidates(1, 10000).empty());
}

void SessionTest::anExportedModelOpensAgainWithTheSameWeights() {
    QTemporaryDir folder;
    const auto target = std::filesystem::path(folder.path().toStdString()) / "packed";
    Progress progress;
    const std::uint64_t expected = session()->totals(small_recipe(5)).quantized_bytes; // not fitted: an estimate
    session()->export_model(small_recipe(5), "packed", target / "5", progress);
    const auto written = std::filesystem::file_size(target / "5" / "model.safetensors");
    QVERIFY2(expected > written - 20'000 && expected < written + 20'000, qPrintable(QString::number(expected)));
    QCOMPARE(session()->totals(small_recipe(5)).quantized_bytes, written);
    session()->export_model(small_recipe(), "packed", target, progress);
    const auto again = Session::open(target, progress);
    const auto fit = session()->fit_view(other, small_recipe(), progress);
    double squares = 0;
    for (std::int64_t c = 0; c < 200; ++c) {
        const double d = again->weight_at(other, 7, c) - session()->weight_at(other, 7, c);
        squares += d * d;
    }
    QVERIFY(squares > 0); // quantized, and as much off as the fit says, within what 200 of 885,000 weights tell
    QVERIFY(std::abs(std::log(squares / 200 / fit->result.mse)) < 1.5);
    QCOMPARE(again->weight_at("model.layers.5.mlp.up_proj", 1, 2),
             session()->weight_at("model.layers.5.mlp.up_proj", 1, 2));
    const auto report = std::filesystem::path(folder.path().toStdString()) / "report.h5";
    session()->export_report(small_recipe(), {}, report, progress);
    QVERIFY(std::filesystem::file_size(report) > 10000);
}

void SessionTest::aCancelledFitStopsSoonAndLeavesNothing() {
    const json recipe = Session::presets("llm").front().second;
    Progress progress;
    std::chrono::steady_clock::time_point cancelled;
    std::thread canceller([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        cancelled = std::chrono::steady_clock::now();
        progress.cancel();
    });
    QVERIFY_EXCEPTION_THROWN(session()->quantize(recipe, {}, progress), Cancelled);
    const auto waited = std::chrono::steady_clock::now() - cancelled;
    canceller.join();
    QVERIFY(!session()->is_quantized(recipe));
    QVERIFY2(waited < std::chrono::milliseconds(500), "a cancelled fit ran on for more than half a second");
}

void SessionTest::mistakesInARecipeAreNamed() {
    json recipe = small_recipe();
    recipe["sites"][1]["weight"]["grid"]["bits"] = 40;
    const auto problems = session()->check(recipe);
    QCOMPARE(problems.size(), std::size_t(1));
    QVERIFY(QString::fromStdString(problems[0]).contains("sites[1].weight.grid.bits"));
    recipe = small_recipe();
    recipe["sites"][0]["match"] = "no.such.layer";
    QVERIFY(QString::fromStdString(session()->check(recipe).at(0)).contains("matches no layer"));
    QVERIFY(session()->check(small_recipe()).empty());
}

QTEST_APPLESS_MAIN(SessionTest)
#include "tst_session.moc"
