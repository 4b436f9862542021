// What must hold for every scheme: over all registered grids and clippings, all granularities and random shapes.
#include <QtTest>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "core/base/parallel.h"
#include "core/schemes/fit_site.h"
#include "core/schemes/parameter.h"

using namespace quantscope;
using nlohmann::json;

namespace {

json resolved(const json& grid, const json& clipping) {
    return {{"grid", resolved_member(Choice::grid, grid, "grid")},
            {"clipping", resolved_member(Choice::clipping, clipping, "clipping")},
            {"rounding", resolved_member(Choice::rounding, {{"name", "nearest"}}, "rounding")},
            {"transform", resolved_member(Choice::transform, {{"name", "none"}}, "transform")},
            {"residual", resolved_member(Choice::residual, {{"name", "none"}}, "residual")}};
}

struct Matrix {
    std::int64_t rows = 0, columns = 0;
    std::vector<float> values;

    WeightRows source() const {
        return {"file", "layer", rows, columns, [this](std::int64_t first, std::int64_t count, std::span<float> out) {
                    std::copy_n(values.begin() + first * columns, count * columns, out.begin());
                }};
    }
    FittedSite fit(const json& scheme) const {
        Progress progress;
        return fit_site(source(), scheme, progress);
    }
};

/// Heavy-tailed rows, some of them zero, constant or one-sided.
Matrix made_up(unsigned seed, std::int64_t rows, std::int64_t columns, float spread = 0.05f) {
    std::mt19937 random(seed);
    std::student_t_distribution<float> tails(4);
    Matrix matrix{rows, columns, std::vector<float>(static_cast<std::size_t>(rows * columns))};
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t column = 0; column < columns; ++column) {
            float& w = matrix.values[static_cast<std::size_t>(row * columns + column)];
            w = spread * tails(random);
            if (row % 5 == 1) w = 0;
            if (row % 5 == 2) w = 0.3f * spread;
            if (row % 5 == 3) w = -std::abs(w);
        }
    return matrix;
}

/// One scheme per member of grid and clipping and a few of their variants.
std::vector<std::pair<std::string, json>> made_schemes() {
    std::vector<json> grids, clippings;
    for (const auto& member : all_members()) {
        if (member.choice == Choice::clipping) clippings.push_back({{"name", member.name}});
        if (member.choice != Choice::grid) continue;
        for (const int bits : {2, 4, 5, 8}) {
            json grid{{"name", member.name}, {"bits", bits}};
            grids.push_back(grid);
            for (const auto& parameter : member.parameters) { // each option and flag once
                if (bits != 4 || parameter.name == "granularity") continue;
                for (const auto& option : parameter.options) {
                    json variant = grid;
                    variant[parameter.name] = option;
                    if (parameter.name == "range") variant["symmetric"] = true;
                    grids.push_back(variant);
                }
                if (parameter.kind == Parameter::Kind::flag) {
                    json variant = grid;
                    variant[parameter.name] = true;
                    grids.push_back(variant);
                }
                if (parameter.name == "pieces")
                    for (int pieces = 3; pieces <= 4; ++pieces) {
                        json variant = grid;
                        variant["pieces"] = pieces;
                        grids.push_back(variant);
                    }
            }
        }
    }
    std::vector<std::pair<std::string, json>> schemes;
    for (const auto& grid : grids)
        for (const auto& clipping : clippings)
            for (const char* granularity : {"tensor", "channel", "group"}) {
                json cut = grid;
                cut["granularity"] = granularity;
                cut["group"] = 16;
                schemes.emplace_back(cut.dump() + " " + clipping.dump(), resolved(cut, clipping));
            }
    return schemes;
}

const std::vector<std::pair<std::string, json>>& all_schemes() {
    static const auto schemes = made_schemes();
    return schemes;
}

std::vector<float> decoded(const FittedSite& site) {
    std::vector<float> values(static_cast<std::size_t>(site.rows * site.columns));
    site.decode_rows(0, site.rows, values);
    return values;
}

void add_all_schemes() {
    QTest::addColumn<int>("index");
    int index = 0;
    for (const auto& [name, scheme] : all_schemes())
        QTest::addRow("%s", name.c_str()) << index++;
}

json with_clipping(json scheme, const json& clipping) {
    scheme["clipping"] = resolved_member(Choice::clipping, clipping, "clipping");
    return scheme;
}

bool same_arrays(const FittedSite& a, const FittedSite& b) {
    if (a.arrays.size() != b.arrays.size()) return false;
    for (const auto& [name, array] : a.arrays) {
        const auto other = b.arrays.find(name);
        if (other == b.arrays.end() || other->second.data != array.data || other->second.dtype != array.dtype)
            return false;
    }
    return true;
}

} // namespace

class FitSiteTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void storedCodesDecodeToWhatWasMeasured_data() { add_all_schemes(); }
    void storedCodesDecodeToWhatWasMeasured();
    void searchedClipIsNeverWorseThanMinMax_data() { add_all_schemes(); }
    void searchedClipIsNeverWorseThanMinMax();
    void coefficientOneIsMinMaxBitForBit_data() { add_all_schemes(); }
    void coefficientOneIsMinMaxBitForBit();
    void threadsDoNotChangeTheResult_data() { add_all_schemes(); }
    void threadsDoNotChangeTheResult();
    void zeroGroupsStayZeroAndConstantOnesClose_data() { add_all_schemes(); }
    void zeroGroupsStayZeroAndConstantOnesClose();
    void everyMemberHasATest();
    void sizesCountEveryByte();
    void tinyWeightsGetWiderScales();
    void nonFiniteWeightsAreNamed_data();
    void nonFiniteWeightsAreNamed();
    void aCancelIsHeard();
};

void FitSiteTest::storedCodesDecodeToWhatWasMeasured() {
    QFETCH(int, index);
    const json& scheme = all_schemes()[static_cast<std::size_t>(index)].second;
    std::mt19937 random(static_cast<unsigned>(index));
    for (int repeat = 0; repeat < 3; ++repeat) {
        const Matrix matrix = made_up(random(), 1 + random() % 7, repeat == 0 ? 1 + random() % 4 : 1 + random() % 70);
        const FittedSite site = matrix.fit(scheme);
        const auto values = decoded(site);
        double error = 0, signal = 0, largest = 0, product = 0, square = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double w = matrix.values[i], v = values[i];
            error += (w - v) * (w - v);
            signal += w * w;
            product += w * v;
            square += v * v;
            largest = std::max(largest, std::abs(w - v));
        }
        const auto close = [](double a, double b) {
            return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
        };
        QVERIFY(close(site.error.mse, error / double(values.size())));
        QCOMPARE(site.error.max_error, largest);
        if (error > 0) {
            QVERIFY(close(site.error.sqnr_db, 10 * std::log10(signal / error)));
            QVERIFY(close(site.error.relative, std::sqrt(error / signal)));
            if (square > 0) QVERIFY(close(site.error.cosine, product / std::sqrt(signal * square)));
        }
        std::uint64_t bytes = 0;
        for (const auto& [name, array] : site.arrays)
            bytes += array.data.size();
        QCOMPARE(site.bytes(), bytes);
        const bool wider = site.arrays.at("scale").dtype == DType::F32;
        QCOMPARE(stored_bytes(scheme, matrix.rows, matrix.columns, wider), bytes);
        std::vector<float> row(static_cast<std::size_t>(matrix.columns));
        site.decode_rows(matrix.rows - 1, 1, row); // any rows alone are the same
        QVERIFY(std::equal(row.begin(), row.end(), values.end() - matrix.columns));
    }
}

void FitSiteTest::searchedClipIsNeverWorseThanMinMax() {
    QFETCH(int, index);
    const json& scheme = all_schemes()[static_cast<std::size_t>(index)].second;
    if (scheme["clipping"]["name"] != "mse" || scheme["grid"].value("bias_correction", "none") != "none")
        return; // restoring spread is not the least squared error
    const Matrix matrix = made_up(static_cast<unsigned>(index), 5, 50);
    const double searched = matrix.fit(scheme).error.mse;
    const double plain = matrix.fit(with_clipping(scheme, {{"name", "min-max"}})).error.mse;
    QVERIFY2(searched <= plain * (1 + 1e-6), qPrintable(QString("%1 > %2").arg(searched).arg(plain)));
}

void FitSiteTest::coefficientOneIsMinMaxBitForBit() {
    QFETCH(int, index);
    const json& scheme = all_schemes()[static_cast<std::size_t>(index)].second;
    if (scheme["clipping"]["name"] != "coefficient") return;
    const Matrix matrix = made_up(static_cast<unsigned>(index), 6, 40);
    QVERIFY(same_arrays(matrix.fit(with_clipping(scheme, {{"name", "coefficient"}, {"coefficient", 1}})),
                        matrix.fit(with_clipping(scheme, {{"name", "min-max"}}))));
    QVERIFY(same_arrays(matrix.fit(with_clipping(scheme, {{"name", "percentile"}, {"percentile", 100}})),
                        matrix.fit(with_clipping(scheme, {{"name", "min-max"}}))));
}

void FitSiteTest::threadsDoNotChangeTheResult() {
    QFETCH(int, index);
    const json& scheme = all_schemes()[static_cast<std::size_t>(index)].second;
    if (scheme["grid"]["bits"] != 4) return;
    const Matrix matrix = made_up(static_cast<unsigned>(index), 40, 60);
    set_thread_count(1);
    const FittedSite one = matrix.fit(scheme);
    set_thread_count(3);
    const FittedSite three = matrix.fit(scheme);
    set_thread_count(0);
    QVERIFY(same_arrays(one, three));
    QCOMPARE(one.error.mse, three.error.mse);
}

void FitSiteTest::zeroGroupsStayZeroAndConstantOnesClose() {
    QFETCH(int, index);
    const json& scheme = all_schemes()[static_cast<std::size_t>(index)].second;
    if (scheme["grid"]["granularity"] == "tensor" || scheme["clipping"]["name"] == "coefficient") return;
    Matrix matrix{3, 32, std::vector<float>(96)};
    std::fill(matrix.values.begin() + 32, matrix.values.begin() + 64, 0.37f);
    std::fill(matrix.values.begin() + 64, matrix.values.end(), -0.011f);
    const auto values = decoded(matrix.fit(scheme));
    const json& grid = scheme["grid"];
    const bool exact = grid["name"] == "uniform" && (grid["symmetric"] == false || grid["range"] != "full");
    // Half the outer step of the coarsest grid here: two bits, two pieces.
    const double tolerance = exact               ? (grid["scale_dtype"] == "bf16" ? 0x1p-8 : 0x1p-11)
                             : grid["bits"] == 2 ? 0.3
                                                 : 0.15;
    for (int i = 0; i < 32; ++i)
        QCOMPARE(values[static_cast<std::size_t>(i)], 0.0f);
    for (std::size_t i = 32; i < 96; ++i)
        QVERIFY2(std::abs(values[i] / matrix.values[i] - 1) <= tolerance,
                 qPrintable(QString("%1 for %2").arg(values[i]).arg(matrix.values[i])));
}

void FitSiteTest::everyMemberHasATest() {
    std::string tests;
    for (const auto& file : QDir(QUANTSCOPE_SOURCE "/tests/schemes").entryList({"tst_*.cpp"})) {
        std::ifstream in((QUANTSCOPE_SOURCE "/tests/schemes/" + file.toStdString()));
        std::stringstream text;
        text << in.rdbuf();
        tests += text.str();
    }
    for (const auto& member : all_members())
        QVERIFY2(tests.find("\"name\", \"" + member.name + "\"") != std::string::npos ||
                     tests.find("\"name\":\"" + member.name + "\"") != std::string::npos,
                 (std::string(name(member.choice)) + " " + member.name + " is named by no test").c_str());
}

void FitSiteTest::sizesCountEveryByte() {
    const Matrix matrix = made_up(1, 5, 50, 1.0f); // wide enough for fp16 scales
    const auto bytes = [&](json grid) { return matrix.fit(resolved(grid, {{"name", "min-max"}})).bytes(); };
    // 5 rows of 50 codes of 3 bits (19 bytes), 4 groups of 16 a row: scales of 2 bytes, zero points of 3 bits (2
    // bytes).
    QCOMPARE(bytes({{"name", "uniform"}, {"bits", 3}, {"group", 16}}), 5u * 19 + 5 * 4 * 2 + 5 * 2);
    QCOMPARE(bytes({{"name", "uniform"}, {"bits", 3}, {"group", 16}, {"symmetric", true}}), 5u * 19 + 5 * 4 * 2);
    QCOMPARE(bytes({{"name", "uniform"}, {"bits", 3}, {"group", 16}, {"offset", "minimum"}}), 5u * 19 + 5 * 4 * 4);
    QCOMPARE(bytes({{"name", "uniform"}, {"granularity", "tensor"}}), 5u * 25 + 2 + 1);
    // Two pieces, two scales; the paper's count stores one bit more; a correction is two numbers a row.
    QCOMPARE(bytes({{"name", "piecewise"}, {"bits", 3}, {"granularity", "channel"}}), 5u * 19 + 5 * 2 * 2);
    QCOMPARE(bytes({{"name", "piecewise"}, {"bits", 3}, {"granularity", "channel"}, {"count", "paper"}}),
             5u * 25 + 5 * 2 * 2);
    QCOMPARE(bytes({{"name", "piecewise"}, {"bits", 3}, {"pieces", 4}, {"granularity", "channel"}}),
             5u * 19 + 5 * 4 * 2);
    QCOMPARE(
        bytes({{"name", "piecewise"}, {"bits", 3}, {"granularity", "channel"}, {"bias_correction", "weight-moments"}}),
        5u * 19 + 5 * 2 * 2 + 5 * 2 * 2);
}

void FitSiteTest::tinyWeightsGetWiderScales() {
    for (const char* grid : {"uniform", "piecewise"}) {
        const auto scheme = resolved({{"name", grid}, {"bits", 8}, {"group", 16}}, {{"name", "min-max"}});
        const FittedSite normal = made_up(3, 6, 64, 1.0f).fit(scheme);
        const FittedSite tiny = made_up(3, 6, 64, 1e-4f).fit(scheme);
        QCOMPARE(normal.arrays.at("scale").dtype, DType::F16);
        QCOMPARE(tiny.arrays.at("scale").dtype, DType::F32);
        QVERIFY(tiny.error.relative < 1.1 * normal.error.relative);
        const FittedSite denormal = made_up(3, 6, 64, 1e-36f).fit(scheme);
        for (const float value : decoded(denormal))
            QVERIFY(std::isfinite(value));
    }
}

void FitSiteTest::nonFiniteWeightsAreNamed_data() {
    QTest::addColumn<float>("value");
    QTest::addColumn<QString>("words");
    QTest::newRow("NaN") << float(NAN) << "NaN";
    QTest::newRow("infinity") << float(INFINITY) << "infinity";
    QTest::newRow("minus infinity") << -float(INFINITY) << "infinity";
}

void FitSiteTest::nonFiniteWeightsAreNamed() {
    QFETCH(float, value);
    QFETCH(QString, words);
    Matrix matrix = made_up(1, 9, 30);
    matrix.values[7 * 30 + 4] = value;
    for (const char* granularity : {"tensor", "channel"}) {
        try {
            matrix.fit(resolved({{"name", "uniform"}, {"granularity", granularity}}, {{"name", "mse"}}));
            QFAIL("accepted");
        } catch (const DataError& error) {
            QCOMPARE(error.file(), std::string("file"));
            QCOMPARE(error.place(), std::string("layer"));
            QVERIFY2(QString(error.what()).contains(words + " at row 7, column 4"), error.what());
        }
    }
}

void FitSiteTest::aCancelIsHeard() {
    const Matrix matrix = made_up(1, 200, 300);
    for (const char* granularity : {"tensor", "channel", "group"}) {
        Progress progress;
        progress.cancel();
        QVERIFY_EXCEPTION_THROWN(
            fit_site(matrix.source(),
                     resolved({{"name", "piecewise"}, {"granularity", granularity}}, {{"name", "mse"}}), progress),
            Cancelled);
    }
}

QTEST_APPLESS_MAIN(FitSiteTest)
#include "tst_fit_site.moc"
