// The live estimate against the exact fit: over grids, clippings and granularities, on rows of different spread and
// tails.
#include <QtTest>
#include <cmath>
#include <random>

#include "core/schemes/estimate.h"
#include "core/schemes/parameter.h"

using namespace quantscope;
using nlohmann::json;

namespace {

constexpr std::int64_t rows = 96, columns = 768;

/// Gaussian rows of spreads from 0.01 to 0.1; every eighth row has heavy tails.
std::vector<float> weights() {
    std::mt19937 random(7);
    std::normal_distribution<float> gauss;
    std::vector<float> values(rows * columns);
    for (std::int64_t r = 0; r < rows; ++r) {
        const float spread = 0.01f * std::pow(10.0f, static_cast<float>(r) / rows);
        for (std::int64_t c = 0; c < columns; ++c) {
            float w = gauss(random);
            if (r % 8 == 0 && c % 50 == 0) w *= 4;
            values[static_cast<std::size_t>(r * columns + c)] = spread * w;
        }
    }
    return values;
}

WeightRows source(const std::vector<float>& values) {
    return {"test", "layer", rows, columns, [&](std::int64_t first, std::int64_t count, std::span<float> out) {
                std::copy_n(values.begin() + first * columns, count * columns, out.begin());
            }};
}

json resolved(const json& grid, const json& clipping) {
    return {{"grid", resolved_member(Choice::grid, grid, "grid")},
            {"clipping", resolved_member(Choice::clipping, clipping, "clipping")},
            {"rounding", resolved_member(Choice::rounding, {{"name", "nearest"}}, "rounding")},
            {"transform", resolved_member(Choice::transform, {{"name", "none"}}, "transform")},
            {"residual", resolved_member(Choice::residual, {{"name", "none"}}, "residual")}};
}

} // namespace

class EstimateTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void estimateIsCloseToTheExactError_data();
    void estimateIsCloseToTheExactError();
    void curvesContainTheEstimate();
    void aConstantZeroLayerHasNoError();
    void aNonFiniteWeightIsNamed();
};

void EstimateTest::estimateIsCloseToTheExactError_data() {
    QTest::addColumn<QString>("grid");
    QTest::addColumn<QString>("clipping");
    QTest::addColumn<double>("tolerance");
    for (const char* cut :
         {R"("granularity":"channel")", R"("granularity":"tensor")", R"("granularity":"group","group":64)"})
        for (int bits : {3, 4, 6})
            for (const char* clipping : {R"({"name":"min-max"})", R"({"name":"coefficient","coefficient":0.7})",
                                         R"({"name":"percentile","percentile":99})", R"({"name":"mse"})"})
                for (const char* grid : {R"("name":"uniform","symmetric":true)",
                                         R"("name":"uniform","symmetric":false)", R"("name":"piecewise")"}) {
                    const QString text = QString("{%1,%2,\"bits\":%3}").arg(grid, cut).arg(bits);
                    QTest::addRow("%s %s", qPrintable(text), clipping) << text << QString(clipping) << 0.05;
                }
}

void EstimateTest::estimateIsCloseToTheExactError() {
    QFETCH(QString, grid);
    QFETCH(QString, clipping);
    QFETCH(double, tolerance);
    const auto values = weights();
    const auto scheme = resolved(json::parse(grid.toStdString()), json::parse(clipping.toStdString()));
    Progress progress;
    const auto exact = fit_site(source(values), scheme, progress);
    const auto histogram = make_error_histogram(source(values), scheme, progress);
    const auto estimate = estimate_error(*histogram, scheme, false);
    QVERIFY2(std::abs(estimate.mse / exact.error.mse - 1) < tolerance,
             qPrintable(QString("estimate %1, exact %2").arg(estimate.mse).arg(exact.error.mse)));
    QVERIFY(std::abs(estimate.max_error / exact.error.max_error - 1) < 0.02);
    QVERIFY2(std::abs(estimate.saturated - exact.error.saturated) < 0.01,
             qPrintable(QString("estimate %1, exact %2").arg(estimate.saturated).arg(exact.error.saturated)));
    QCOMPARE(estimate.bytes, static_cast<double>(exact.bytes()));
}

void EstimateTest::curvesContainTheEstimate() {
    const auto values = weights();
    const auto scheme = resolved({{"name", "piecewise"}, {"bits", 4}}, {{"name", "min-max"}});
    Progress progress;
    const auto histogram = make_error_histogram(source(values), scheme, progress);
    const auto estimate = estimate_error(*histogram, scheme, true);
    QCOMPARE(estimate.error_by_clip.back().first, 1.0f);
    QVERIFY(std::abs(estimate.error_by_clip.back().second / estimate.mse - 1) < 0.03); // coarser breakpoints
    double best = INFINITY;
    for (const auto& [fraction, error] : estimate.error_by_breakpoint)
        best = std::min<double>(best, error);
    QVERIFY(estimate.mse <= best * 1.01); // the search finds what the curve's coarse steps find
    QVERIFY(!estimate.overlay.levels.empty() && !estimate.overlay.breakpoints.empty());
}

void EstimateTest::aConstantZeroLayerHasNoError() {
    const std::vector<float> values(rows * columns, 0.0f);
    const auto scheme = resolved({{"name", "uniform"}, {"bits", 4}}, {{"name", "mse"}});
    Progress progress;
    const auto estimate = estimate_error(*make_error_histogram(source(values), scheme, progress), scheme, true);
    QCOMPARE(estimate.mse, 0.0);
}

void EstimateTest::aNonFiniteWeightIsNamed() {
    auto values = weights();
    values[5 * columns + 9] = NAN;
    const auto scheme = resolved({{"name", "uniform"}, {"bits", 4}}, {{"name", "mse"}});
    Progress progress;
    try {
        make_error_histogram(source(values), scheme, progress);
        QFAIL("accepted");
    } catch (const DataError& error) {
        QVERIFY(QString(error.what()).contains("row 5, column 9"));
    }
}

QTEST_APPLESS_MAIN(EstimateTest)
#include "tst_estimate.moc"
