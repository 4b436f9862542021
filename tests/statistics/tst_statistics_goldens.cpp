// Statistics against numpy's; histograms of channels and pooled tiles against the obvious loop.
#include <QTest>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/statistics/weight_statistics.h"
#include "obvious_statistics.h"

using namespace quantscope;
using obvious::Weight;

namespace {

bool near(double got, double wanted, double tolerance) {
    return std::fabs(got - wanted) <= tolerance * std::max(1e-3, std::fabs(wanted));
}

} // namespace

class TestStatisticsGoldens : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void equals_numpy() {
        std::ifstream file(QUANTSCOPE_GOLDENS "/statistics/statistics.json");
        const auto golden = nlohmann::json::parse(file);
        std::vector<float> values;
        for (std::uint32_t bits : golden["values"])
            values.push_back(std::bit_cast<float>(bits));
        const Weight weight(DType::F32, golden["rows"], golden["columns"], values);
        StatisticsOptions options;
        options.exact_percentiles = true;
        options.tensor_percentiles = {1, 50, 99};
        Progress progress;
        const auto got = weight_statistics(weight.in_place(), options, progress);
        const auto& tensor = golden["tensor"];
        QCOMPARE(got.tensor.min, tensor["min"].get<double>());
        QCOMPARE(got.tensor.max, tensor["max"].get<double>());
        QVERIFY(near(got.tensor.mean, tensor["mean"], 1e-5));
        QVERIFY(near(got.tensor.standard_deviation, tensor["standard_deviation"], 1e-5));
        QVERIFY(near(got.tensor.skewness, tensor["skewness"], 1e-4));
        QVERIFY(near(got.tensor.kurtosis, tensor["kurtosis"], 1e-4));
        for (std::size_t q = 0; q < 3; ++q)
            QVERIFY(near(got.tensor.percentiles[q], tensor["percentiles"][q], 1e-9));
        for (const char* axis : {"output", "input"}) {
            const ChannelStatistics& channels = *axis == 'o' ? got.output : got.input;
            const auto& wanted = golden[axis];
            for (std::size_t c = 0; c < channels.size(); ++c) {
                QCOMPARE(static_cast<double>(channels.min[c]), wanted["min"][c].get<double>());
                QCOMPARE(static_cast<double>(channels.absmax[c]), wanted["absmax"][c].get<double>());
                QVERIFY(near(channels.mean[c], wanted["mean"][c], 1e-4));
                QVERIFY(near(channels.standard_deviation[c], wanted["standard_deviation"][c], 1e-5));
                QVERIFY(near(channels.skewness[c], wanted["skewness"][c], 1e-2));
                QVERIFY(near(channels.kurtosis[c], wanted["kurtosis"][c], 1e-4));
                for (std::size_t q = 0; q < 3; ++q)
                    QVERIFY(near(static_cast<double>(channels.percentiles[q][c]), wanted["percentiles"][q][c], 1e-6));
            }
        }
    }

    void a_channels_histogram_counts_each_of_its_values_once() {
        const Weight weight(DType::F16, 90, 70, obvious::values_of("few non-finite", 90, 70));
        for (bool output : {true, false}) {
            const auto histogram = channel_histogram(weight.in_place(), output, 13, 32);
            const obvious::Statistics wanted(output ? weight.row(13) : weight.column(13));
            QVERIFY(histogram.counts.size() <= 32 && histogram.counts.size() >= 16);
            std::vector<std::uint64_t> counts(histogram.counts.size());
            for (double value : wanted.sorted)
                ++counts[std::min(counts.size() - 1,
                                  static_cast<std::size_t>((value - histogram.low) / histogram.width()))];
            QVERIFY(counts == histogram.counts);
        }
        QVERIFY_EXCEPTION_THROWN(channel_histogram(weight.in_place(), true, 90, 32), ShapeError);
    }

    void a_tile_pools_magnitudes_and_is_exact_when_small() {
        const Weight weight(DType::BF16, 50, 61, obvious::values_of("gaussian", 50, 61));
        Progress progress;
        for (bool maximum : {true, false}) {
            const auto tile = pooled_tile(weight.in_place(), 3, 5, 40, 56, 7, 9, maximum, progress);
            QVERIFY(!tile.exact && tile.height == 7 && tile.width == 9);
            for (int y = 0; y < 7; ++y)
                for (int x = 0; x < 9; ++x) {
                    double most = 0, sum = 0, count = 0;
                    for (int r = y * 40 / 7; r < (y + 1) * 40 / 7; ++r)
                        for (int c = x * 56 / 9; c < (x + 1) * 56 / 9; ++c, ++count) {
                            const double magnitude =
                                std::fabs(weight.values[static_cast<std::size_t>((3 + r) * 61 + 5 + c)]);
                            most = std::max(most, magnitude);
                            sum += magnitude;
                        }
                    QVERIFY(near(static_cast<double>(tile.values[static_cast<std::size_t>(y * 9 + x)]),
                                 maximum ? most : sum / count, 1e-6));
                }
        }
        const auto exact = pooled_tile(weight.in_place(), 3, 5, 4, 6, 10, 10, true, progress);
        QVERIFY(exact.exact && exact.height == 4 && exact.width == 6);
        for (int y = 0; y < 4; ++y)
            for (int x = 0; x < 6; ++x)
                QCOMPARE(exact.values[static_cast<std::size_t>(y * 6 + x)],
                         weight.values[static_cast<std::size_t>((3 + y) * 61 + 5 + x)]);
        QVERIFY_EXCEPTION_THROWN(pooled_tile(weight.in_place(), 40, 0, 11, 1, 4, 4, true, progress), ShapeError);
    }
};

QTEST_APPLESS_MAIN(TestStatisticsGoldens)
#include "tst_statistics_goldens.moc"
