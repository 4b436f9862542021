// Every compiled variant of the hot loops against the slow obvious version, on shapes and distributions drawn at random
// and on those that are chosen to hurt; and the guarantee of percentiles' ranks on adversarial distributions.
#include "compare_statistics.h"
#include "core/base/parallel.h"
#include "core/statistics/kernels.h"

using namespace quantscope;
using obvious::Weight;

namespace {

const char* name_of(SimdLevel level) {
    return level == SimdLevel::avx512 ? "AVX-512" : level == SimdLevel::avx2 ? "AVX2" : "portable";
}

std::vector<std::string> all_distributions() {
    std::vector<std::string> names = obvious::distributions();
    names.insert(names.end(), obvious::adversarial_distributions().begin(), obvious::adversarial_distributions().end());
    return names;
}

} // namespace

class TestStatisticsLevels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cleanup() { kernels::use_level(simd_level()); }

    void random_weights_equal_the_obvious_version_data() {
        QTest::addColumn<int>("level");
        QTest::addColumn<int>("dtype");
        for (auto level : {SimdLevel::portable, SimdLevel::avx2, SimdLevel::avx512})
            for (auto dtype : {DType::F32, DType::F16, DType::BF16})
                QTest::addRow("%s %s", name_of(level), name(dtype).data())
                    << static_cast<int>(level) << static_cast<int>(dtype);
    }
    void random_weights_equal_the_obvious_version() {
        QFETCH(int, level);
        QFETCH(int, dtype);
        if (static_cast<SimdLevel>(level) > simd_level()) QSKIP("this processor does not have it");
        kernels::use_level(static_cast<SimdLevel>(level));
        std::mt19937 random(static_cast<unsigned>(10 * level + dtype));
        const auto upto = [&](unsigned most) { return static_cast<std::int64_t>(1 + random() % most); };
        for (const std::string& distribution : all_distributions())
            for (int i = 0; i < 3; ++i) {
                // Small ones, wide ones and high ones: beyond 2048 values percentiles are searched, below sorted.
                const std::int64_t rows = i == 0 ? upto(140) : i == 1 ? upto(9) : 2048 + upto(600);
                const std::int64_t columns = i == 0 ? upto(140) : i == 1 ? 2048 + upto(3000) : upto(70);
                const Weight weight(static_cast<DType>(dtype), rows, columns,
                                    obvious::values_of(distribution, rows, columns, random()));
                StatisticsOptions options;
                options.outlier_sigmas = 3;
                Progress progress;
                obvious::compare(weight_statistics(weight.in_place(), options, progress), weight);
                if (QTest::currentTestFailed())
                    QFAIL(qPrintable(QStringLiteral("%1, %2 × %3").arg(distribution.c_str()).arg(rows).arg(columns)));
            }
    }

    void percentiles_ranks_are_within_a_thousandth_data() {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<QString>("distribution");
        QTest::addColumn<bool>("wide");
        for (auto dtype : {DType::F32, DType::F16, DType::BF16})
            for (const auto& distribution : obvious::adversarial_distributions())
                for (bool wide : {false, true})
                    QTest::addRow("%s %s, %s", name(dtype).data(), distribution.c_str(), wide ? "rows" : "columns")
                        << static_cast<int>(dtype) << QString::fromStdString(distribution) << wide;
    }
    /// Without the rank that short channels' rounding is allowed elsewhere.
    void percentiles_ranks_are_within_a_thousandth() {
        QFETCH(int, dtype);
        QFETCH(QString, distribution);
        QFETCH(bool, wide);
        const std::int64_t rows = wide ? 200 : 2203, columns = wide ? 3001 : 150;
        const Weight weight(static_cast<DType>(dtype), rows, columns,
                            obvious::values_of(distribution.toStdString(), rows, columns, 5));
        StatisticsOptions options;
        options.channel_percentiles = {0.05, 1, 10, 50, 77.7, 99, 99.95};
        options.tensor_percentiles = {0, 0.01, 0.1, 1, 25, 50, 75, 99, 99.99, 100};
        Progress progress;
        const auto got = weight_statistics(weight.in_place(), options, progress);
        const auto check = [](const obvious::Statistics& wanted, double percent, double value) {
            const double error = wanted.rank_error(percent, value);
            if (!(error <= 0.001 * static_cast<double>(wanted.sorted.size())))
                QFAIL(qPrintable(QStringLiteral("percentile %1 misses by %2 of %3 ranks")
                                     .arg(percent)
                                     .arg(error)
                                     .arg(wanted.sorted.size())));
        };
        for (std::int64_t i = 0; i < (wide ? rows : columns); ++i) { // the channels that are too long to be sorted
            const obvious::Statistics wanted(wide ? weight.row(i) : weight.column(i));
            const auto& percentiles = (wide ? got.output : got.input).percentiles;
            for (std::size_t q = 0; q < percentiles.size(); ++q)
                check(wanted, options.channel_percentiles[q], percentiles[q][static_cast<std::size_t>(i)]);
        }
        const obvious::Statistics tensor(weight.values);
        for (std::size_t q = 0; q < options.tensor_percentiles.size(); ++q)
            check(tensor, options.tensor_percentiles[q], got.tensor.percentiles[q]);
    }
};

QTEST_APPLESS_MAIN(TestStatisticsLevels)
#include "tst_statistics_levels.moc"
