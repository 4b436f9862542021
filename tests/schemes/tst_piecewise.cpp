// The piecewise grid's promises: never worse than the uniform grid of its centre, near a slow search over everything,
// and more pieces never worse than two.
#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

#include "core/schemes/fit_site.h"
#include "core/schemes/parameter.h"

using namespace quantscope;
using nlohmann::json;

namespace {

FittedSite fitted(const std::vector<float>& row, const json& grid, const json& clipping) {
    const json scheme{{"grid", resolved_member(Choice::grid, grid, "grid")},
                      {"clipping", resolved_member(Choice::clipping, clipping, "clipping")},
                      {"rounding", resolved_member(Choice::rounding, {{"name", "nearest"}}, "rounding")},
                      {"transform", resolved_member(Choice::transform, {{"name", "none"}}, "transform")},
                      {"residual", resolved_member(Choice::residual, {{"name", "none"}}, "residual")}};
    Progress progress;
    const auto columns = static_cast<std::int64_t>(row.size());
    return fit_site(
        {"test", "row", 1, columns,
         [&](std::int64_t, std::int64_t, std::span<float> out) { std::copy(row.begin(), row.end(), out.begin()); }},
        scheme, progress);
}

std::vector<float> made_up(unsigned seed, int kind, std::size_t count) {
    std::mt19937 random(seed);
    std::normal_distribution<float> gauss(0, 0.1f);
    std::student_t_distribution<float> tails(3);
    std::uniform_real_distribution<float> flat(-0.2f, 0.2f);
    std::vector<float> row(count);
    for (float& w : row)
        w = kind == 0 ? gauss(random) : kind == 1 ? 0.05f * tails(random) : flat(random);
    if (kind == 3)
        for (std::size_t i = 0; i < count; i += 50)
            row[i] *= 8; // outliers on a flat row
    return row;
}

void add_rows() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("bits");
    QTest::addColumn<QString>("center");
    const char* kinds[] = {"gaussian", "student t", "flat", "flat with outliers"};
    for (int kind = 0; kind < 4; ++kind)
        for (const int bits : {2, 3, 4, 6, 8})
            for (const char* center : {"mid-rise", "mid-tread"})
                QTest::addRow("%s %d bits %s", kinds[kind], bits, center) << kind << bits << center;
}

/// Squared error of a two-piece grid, written down from its definition.
double slow_error(const std::vector<float>& row, int bits, bool mid_rise, double p, double m) {
    const int n = 1 << (bits - 2);
    std::vector<double> levels;
    for (int k = 0; k < n; ++k) {
        const double inner = p / n, outer = (m - p) / n, half = mid_rise ? 0.5 : 0;
        levels.push_back(inner * (k + half));
        levels.push_back(p + outer * (k + half));
        levels.push_back(-inner * (k + 1 - half));
        levels.push_back(-p - outer * (k + 1 - half));
    }
    double error = 0;
    for (const float w : row) {
        double least = INFINITY;
        for (const double level : levels)
            least = std::min(least, (w - level) * (w - level));
        error += least;
    }
    return error / double(row.size());
}

} // namespace

class PiecewiseTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void neverWorseThanUniformOfTheSameCentre_data() { add_rows(); }
    void neverWorseThanUniformOfTheSameCentre();
    void halfBreakpointIsTheUniformGrid_data() { add_rows(); }
    void halfBreakpointIsTheUniformGrid();
    void searchIsNearTheBestOfAll_data() { add_rows(); }
    void searchIsNearTheBestOfAll();
    void morePiecesAreNeverWorse_data() { add_rows(); }
    void morePiecesAreNeverWorse();
    void correctionRestoresSpreadAndShiftsTheMean_data() { add_rows(); }
    void correctionRestoresSpreadAndShiftsTheMean();
};

void PiecewiseTest::neverWorseThanUniformOfTheSameCentre() {
    QFETCH(int, kind);
    QFETCH(int, bits);
    QFETCH(QString, center);
    for (unsigned seed = 0; seed < 5; ++seed) {
        const auto row = made_up(seed, kind, 300);
        const json grid{
            {"name", "piecewise"}, {"bits", bits}, {"granularity", "channel"}, {"center", center.toStdString()}};
        json uniform = grid;
        uniform["breakpoint"] = "fixed";
        uniform["breakpoint_fraction"] = 0.5;
        const json clipping{{"name", "mse"}};
        QVERIFY(fitted(row, grid, clipping).error.mse <= fitted(row, uniform, clipping).error.mse * (1 + 1e-6));
    }
}

void PiecewiseTest::halfBreakpointIsTheUniformGrid() {
    QFETCH(int, kind);
    QFETCH(int, bits);
    QFETCH(QString, center);
    const auto row = made_up(7, kind, 100);
    const auto levels = unit_levels(fitted(row,
                                           {{"name", "piecewise"},
                                            {"bits", bits},
                                            {"granularity", "channel"},
                                            {"center", center.toStdString()},
                                            {"breakpoint", "fixed"},
                                            {"breakpoint_fraction", 0.5},
                                            {"scale_dtype", "fp32"}},
                                           {{"name", "min-max"}}),
                                    0);
    float m = 0;
    for (const float w : row)
        m = std::max(m, std::abs(w));
    const int half = 1 << (bits - 1);
    QCOMPARE(levels.levels.size(), static_cast<std::size_t>(2 * half));
    for (int i = 0; i < 2 * half; ++i) {
        const double expected = double(m) / half * (i - half + (center == "mid-rise" ? 0.5 : 0));
        QVERIFY(std::abs(levels.levels[static_cast<std::size_t>(i)] - expected) < 1e-6 * m);
    }
}

void PiecewiseTest::searchIsNearTheBestOfAll() {
    QFETCH(int, kind);
    QFETCH(int, bits);
    QFETCH(QString, center);
    if (bits > 4) return; // the slow search takes its time with many levels
    const auto row = made_up(3, kind, 150);
    float largest = 0;
    for (const float w : row)
        largest = std::max(largest, std::abs(w));
    double best = INFINITY;
    for (int i = 0; i <= 80; ++i)
        for (int j = 1; j < 50; ++j) {
            const double m = largest * (1 - 0.01 * i);
            best = std::min(best, slow_error(row, bits, center == "mid-rise", m * j / 50, m));
        }
    const double found = fitted(row,
                                {{"name", "piecewise"},
                                 {"bits", bits},
                                 {"granularity", "channel"},
                                 {"center", center.toStdString()},
                                 {"scale_dtype", "fp32"}},
                                {{"name", "mse"}})
                             .error.mse;
    QVERIFY2(found <= best * 1.04, qPrintable(QString("%1, slow search %2").arg(found).arg(best)));
}

void PiecewiseTest::morePiecesAreNeverWorse() {
    QFETCH(int, kind);
    QFETCH(int, bits);
    QFETCH(QString, center);
    if (bits < 3) return;
    for (unsigned seed = 0; seed < 3; ++seed) {
        const auto row = made_up(seed, kind, 300);
        double before = INFINITY;
        for (int pieces : {2, 3, 4}) {
            const double error = fitted(row,
                                        {{"name", "piecewise"},
                                         {"bits", bits},
                                         {"pieces", pieces},
                                         {"granularity", "channel"},
                                         {"center", center.toStdString()},
                                         {"scale_dtype", "fp32"}},
                                        {{"name", "mse"}})
                                     .error.mse;
            if (pieces == 2) before = error;
            QVERIFY2(error <= before * (1 + 1e-5),
                     qPrintable(QString("%1 pieces %2, two %3").arg(pieces).arg(error).arg(before)));
        }
    }
}

void PiecewiseTest::correctionRestoresSpreadAndShiftsTheMean() {
    QFETCH(int, kind);
    QFETCH(int, bits);
    QFETCH(QString, center);
    auto row = made_up(5, kind, 400);
    for (float& w : row)
        w += 0.02f;
    const auto site = fitted(row,
                             {{"name", "piecewise"},
                              {"bits", bits},
                              {"granularity", "channel"},
                              {"center", center.toStdString()},
                              {"bias_correction", "weight-moments"},
                              {"scale_dtype", "fp32"}},
                             {{"name", "mse"}});
    std::vector<float> decoded(row.size());
    site.decode_rows(0, 1, decoded);
    const auto moments = [](const std::vector<float>& values) {
        double mean = 0, square = 0;
        for (const float w : values)
            mean += w / double(values.size());
        for (const float w : values)
            square += (w - mean) * (w - mean) / double(values.size());
        return std::pair{mean, std::sqrt(square)};
    };
    const auto [mean, spread] = moments(row);
    const auto [decoded_mean, decoded_spread] = moments(decoded);
    // The paper's formula scales after it shifts, so the mean is scaled too.
    float gain = 0;
    std::memcpy(&gain, site.arrays.at("correction").data.data(), sizeof gain);
    QVERIFY(std::abs(decoded_mean - mean * gain) < 1e-5 * spread);
    QVERIFY(std::abs(decoded_spread / spread - 1) < 1e-5);
}

QTEST_APPLESS_MAIN(PiecewiseTest)
#include "tst_piecewise.moc"
