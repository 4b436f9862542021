// Quantizing the default model site by site: what is fitted, what stays, what it weighs, and that a cancel is heard
// soon.
#include <QtTest>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "core/base/half.h"
#include "core/calibration/fitted_model.h"
#include "core/recipe/recipe.h"

using namespace quantscope;
using nlohmann::json;

namespace {

json recipe_for(const char* match, json grid) {
    grid["granularity"] = "channel";
    return {{"quantscope_recipe", 1},
            {"sites", {{{"match", match}, {"weight", {{"grid", grid}, {"clipping", {{"name", "mse"}}}}}}}}};
}

} // namespace

class QuantizeTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        if (!QFile::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not there; run packaging/setup.sh");
        model = Model::open(QUANTSCOPE_DEFAULT_MODEL);
    }
    void onlyCoveredSitesAreFitted();
    void progressRisesToOne();
    void aCancelStopsWithinHalfASecond();
    void aRecipeForNothingIsRefused();

private:
    std::shared_ptr<const Model> model;
};

void QuantizeTest::onlyCoveredSitesAreFitted() {
    Progress progress;
    std::vector<std::string> told;
    const auto recipe =
        Recipe::from_json(recipe_for("model.layers.1.self_attn.*", {{"name", "piecewise"}, {"bits", 3}}));
    const auto fitted = quantize(
        model, recipe, [&](const FittedSite& site) { told.push_back(site.name); }, progress);
    QCOMPARE(fitted->sites().size(), std::size_t(4));
    QCOMPARE(told.size(), std::size_t(4));
    QVERIFY(fitted->recipe() == recipe.json());
    std::uint64_t site_bytes = 0, weights = 0, other = 0;
    for (const TensorInfo& tensor : model->checkpoint().tensors()) {
        const Site* site = nullptr;
        for (const Site& one : model->sites())
            if (one.tensor == tensor.name) site = &one;
        const FittedSite* fit = site ? fitted->find(site->name) : nullptr;
        if (fit) {
            site_bytes += fit->bytes();
            weights += static_cast<std::uint64_t>(tensor.values());
        } else { // the file's blocks of 4 bits are stored as 16 bits, float32 norms as they are
            other += tensor.dtype == DType::F32 ? tensor.bytes : 2 * static_cast<std::uint64_t>(tensor.values());
        }
        if (!site) continue;
        // Fitted sites read as decoded, others as a packed file would keep them.
        std::vector<float> original(static_cast<std::size_t>(site->in)), read(original.size());
        read_site_rows(model->checkpoint(), *site, site->out - 1, 1, original);
        fitted->read_rows(*site, site->out - 1, 1, read);
        if (!fit && tensor.dtype != DType::F32) // kept in a packed file as float16, and evaluated so
            for (float& value : original)
                value = float16_to_float(float_to_float16(value));
        QCOMPARE(read == original, fit == nullptr);
        if (fit) {
            double error = 0, signal = 0;
            for (std::size_t i = 0; i < read.size(); ++i) {
                error += std::pow(double(read[i]) - original[i], 2);
                signal += std::pow(double(original[i]), 2);
            }
            QVERIFY(error < 0.1 * signal);
        }
    }
    QCOMPARE(fitted->bytes(), site_bytes + other);
    QCOMPARE(fitted->bits_per_weight(), 8.0 * double(site_bytes) / double(weights));
    QCOMPARE(fitted->bits_per_weight_total(), 8.0 * double(fitted->bytes()) / double(model->parameters()));
}

void QuantizeTest::progressRisesToOne() {
    double last = -1;
    bool rising = true;
    Progress progress([&](double fraction, std::string_view) {
        rising = rising && fraction >= last;
        last = fraction;
    });
    quantize(model, Recipe::from_json(recipe_for("model.layers.2.*", {{"name", "uniform"}})), {}, progress);
    QVERIFY(rising);
    QCOMPARE(last, 1.0);
}

void QuantizeTest::aCancelStopsWithinHalfASecond() {
    Progress progress;
    std::atomic<bool> started{false};
    std::chrono::steady_clock::time_point cancelled;
    std::thread canceller([&] {
        while (!started)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        cancelled = std::chrono::steady_clock::now();
        progress.cancel();
    });
    bool heard = false;
    started = true;
    try {
        quantize(model, Recipe::from_json(recipe_for("*.down_proj", {{"name", "piecewise"}})), {}, progress);
    } catch (const Cancelled&) {
        heard = true;
    }
    const auto stopped = std::chrono::steady_clock::now();
    canceller.join();
    QVERIFY(heard);
    QVERIFY(stopped - cancelled < std::chrono::milliseconds(500));
}

void QuantizeTest::aRecipeForNothingIsRefused() {
    Progress progress;
    QVERIFY_EXCEPTION_THROWN(
        quantize(model, Recipe::from_json(recipe_for("*.experts.*", {{"name", "uniform"}})), {}, progress),
        RecipeError);
}

QTEST_APPLESS_MAIN(QuantizeTest)
#include "tst_quantize.moc"
