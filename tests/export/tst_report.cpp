// The HDF5 report read back through the library's own C interface, by the paths that FORMATS names.
#include <QtTest>
#include <hdf5.h>
#include <hdf5_hl.h>

#include "core/export/report.h"
#include "core/schemes/fit_site.h"
#include "models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

std::string text_attribute(hid_t object, const char* name) {
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    char* text = nullptr;
    H5Aread(attribute, type, &text);
    std::string copy = text ? text : "(none)";
    H5free_memory(text);
    H5Tclose(type);
    H5Aclose(attribute);
    return copy;
}

/// One field of a compound table as doubles.
std::vector<double> field(hid_t dataset, const char* name) {
    const hid_t space = H5Dget_space(dataset), type = H5Tcreate(H5T_COMPOUND, 8);
    std::vector<double> values(std::size_t(H5Sget_simple_extent_npoints(space)));
    H5Tinsert(type, name, 0, H5T_NATIVE_DOUBLE);
    if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) values.clear();
    H5Tclose(type);
    H5Sclose(space);
    return values;
}

std::vector<double> numbers(hid_t file, const std::string& path) {
    const hid_t dataset = H5Dopen2(file, path.c_str(), H5P_DEFAULT), space = H5Dget_space(dataset);
    std::vector<double> values(std::size_t(H5Sget_simple_extent_npoints(space)));
    H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Sclose(space);
    H5Dclose(dataset);
    return values;
}

/// Statistics with a number of its own in each place.
WeightStatistics made_up(std::int64_t rows, std::int64_t columns, double start) {
    WeightStatistics statistics;
    statistics.rows = rows;
    statistics.columns = columns;
    statistics.tensor.min = start;
    statistics.tensor.kurtosis = start + 1;
    statistics.tensor.skewness = NAN;
    statistics.tensor.percentiles = {1, 2, 3, 4, 5};
    statistics.tensor.non_finite = 7;
    for (auto [axis, count] : {std::pair{&statistics.output, rows}, {&statistics.input, columns}}) {
        for (std::int64_t i = 0; i < count; ++i) {
            axis->min.push_back(float(start + double(i)));
            axis->mean.push_back(start - double(i));
        }
        axis->max = axis->absmax = axis->min;
        axis->standard_deviation = axis->skewness = axis->kurtosis = axis->mean;
        axis->percentiles = {axis->min, axis->min, axis->min};
        axis->percentiles[2].back() = 99;
        axis->zeros.assign(std::size_t(count), 0);
        axis->non_finite.assign(std::size_t(count), 1);
    }
    statistics.histogram = {-1, 1, {1, 2, 3, 4}};
    statistics.outliers = {{1, 2, 0.5f, 9}, {0, 1, -0.5f, 8}};
    statistics.outlier_count = 20;
    return statistics;
}

} // namespace

class TestReport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const fs::path root = folder_.path().toStdString();
        model_ = fitted(tiny_llama(root / "source"), uniform_recipe(4));
        name_ = "model.layers.0.mlp.down_proj";
        ReportContent content;
        content.provenance = {"1.2", "model.gguf", std::string(64, 'a'), "2001-02-03T04:05:06Z", "llama"};
        content.recipe = model_->recipe();
        content.recipe["note"] = std::string(100'000, 'x'); // attributes of any length
        content.sites = 2;
        content.site = [this](std::size_t index, Progress&) {
            ReportSite site;
            site.name = index == 0 ? name_ : "odd/name";
            site.role = "down";
            site.dtype = "F32";
            site.out = 32;
            site.in = 48;
            site.source_bytes = 6144;
            site.original = made_up(32, 48, 100);
            if (index == 0) {
                site.quantized = made_up(32, 48, 200);
                site.fitted = model_->find(name_);
            }
            return site;
        };
        ReportComparison original, quantized;
        original.name = "original";
        original.perplexity = 12.5;
        quantized.name = "uniform W4";
        quantized.kl_mean = 0.25;
        quantized.recipe = model_->recipe();
        quantized.kl_per_token = {0.5f, 0.125f, 0};
        content.comparison = {original, quantized};
        Progress progress;
        const fs::path file = root / "report.h5";
        write_report(file, content, progress);
        errors_left_ = H5Eget_num(H5E_DEFAULT);
        file_ = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
        QVERIFY(file_ >= 0);
    }
    void cleanupTestCase() { H5Fclose(file_); }

    // One left in a worker thread's list would keep the library from closing at the program's end.
    void no_error_is_left_behind() { QCOMPARE(errors_left_, ssize_t(0)); }

    void the_root_says_where_it_comes_from() {
        QCOMPARE(text_attribute(file_, "quantscope_version"), std::string("1.2"));
        QCOMPARE(text_attribute(file_, "source"), std::string("model.gguf"));
        QCOMPARE(text_attribute(file_, "source_sha256"), std::string(64, 'a'));
        QCOMPARE(text_attribute(file_, "created"), std::string("2001-02-03T04:05:06Z"));
        QCOMPARE(text_attribute(file_, "family"), std::string("llama"));
        const json recipe = json::parse(text_attribute(file_, "recipe"));
        QCOMPARE(recipe["default"], model_->recipe()["default"]);
        QCOMPARE(recipe["note"].get<std::string>().size(), std::size_t(100'000));
    }

    void statistics_are_where_formats_says_data() {
        QTest::addColumn<QString>("version");
        QTest::addColumn<double>("start");
        QTest::newRow("original") << "original" << 100.0;
        QTest::newRow("quantized") << "quantized" << 200.0;
    }
    void statistics_are_where_formats_says() {
        QFETCH(QString, version);
        QFETCH(double, start);
        const std::string at = "/sites/" + name_ + "/weight/" + version.toStdString();
        const hid_t tensor = H5Dopen2(file_, (at + "/tensor").c_str(), H5P_DEFAULT);
        QCOMPARE(field(tensor, "min"), std::vector<double>{start});
        QCOMPARE(field(tensor, "kurtosis"), std::vector<double>{start + 1});
        QVERIFY(std::isnan(field(tensor, "skewness").at(0)));   // not a number stays one
        QCOMPARE(field(tensor, "p01"), std::vector<double>{2}); // 1 %, not 0.1 %
        QCOMPARE(field(tensor, "p50"), std::vector<double>{3});
        QCOMPARE(field(tensor, "p99"), std::vector<double>{4});
        QCOMPARE(field(tensor, "non_finite"), std::vector<double>{7});
        H5Dclose(tensor);
        for (const auto& [axis, count] : {std::pair{"output_channel", 32}, {"input_channel", 48}}) {
            const hid_t table = H5Dopen2(file_, (at + "/" + axis).c_str(), H5P_DEFAULT);
            for (const char* name :
                 {"min", "max", "absmax", "mean", "std", "skewness", "kurtosis", "p01", "p50", "p99"})
                QCOMPARE(int(field(table, name).size()), count);
            QCOMPARE(field(table, "min").at(3), start + 3);
            QCOMPARE(field(table, "mean").at(3), start - 3);
            QCOMPARE(field(table, "p99").back(), 99.0);
            QCOMPARE(H5DSget_num_scales(table, 0), 1);
            H5Dclose(table);
        }
        QCOMPARE(numbers(file_, at + "/histogram/edges"), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
        QCOMPARE(numbers(file_, at + "/histogram/counts"), (std::vector<double>{1, 2, 3, 4}));
        QCOMPARE(numbers(file_, at + "/outliers/row"), (std::vector<double>{1, 0}));
        QCOMPARE(numbers(file_, at + "/outliers/column"), (std::vector<double>{2, 1}));
        QCOMPARE(numbers(file_, at + "/outliers/value"), (std::vector<double>{0.5, -0.5}));
    }

    void parameters_of_the_fit_are_those_that_were_fitted() {
        const std::string at = "/sites/" + name_ + "/fit";
        const UnitTable units = unit_table(*model_->find(name_));
        const auto scale = numbers(file_, at + "/scale");
        QCOMPARE(scale.size(), std::size_t(32));
        for (std::size_t i = 0; i < scale.size(); ++i)
            QCOMPARE(float(scale[i]), units.scale[i]);
        QCOMPARE(numbers(file_, at + "/clip_low").size(), std::size_t(32));
        QVERIFY(H5Lexists(file_, (at + "/breakpoint").c_str(), H5P_DEFAULT) == 0);
    }

    void every_dataset_has_units_a_name_and_is_compressed() {
        int datasets = 0;
        H5Ovisit2(
            file_, H5_INDEX_NAME, H5_ITER_NATIVE,
            [](hid_t root, const char* name, const H5O_info_t* info, void* count) -> herr_t {
                if (info->type != H5O_TYPE_DATASET) return 0;
                ++*static_cast<int*>(count);
                const hid_t dataset = H5Dopen2(root, name, H5P_DEFAULT), list = H5Dget_create_plist(dataset);
                [&] {
                    QVERIFY2(H5Aexists(dataset, "units") > 0 && H5Aexists(dataset, "long_name") > 0, name);
                    QVERIFY2(H5Pget_layout(list) == H5D_CHUNKED && H5Pget_nfilters(list) == 2, name);
                }();
                H5Pclose(list);
                H5Dclose(dataset);
                return 0;
            },
            &datasets, H5O_INFO_BASIC);
        QVERIFY2(datasets > 30, qPrintable(QString::number(datasets)));
    }

    void a_slash_in_a_name_is_written_as_percent_2f() {
        const hid_t group = H5Gopen2(file_, "/sites/odd%2Fname", H5P_DEFAULT);
        QVERIFY(group >= 0);
        QCOMPARE(text_attribute(group, "name"), std::string("odd/name"));
        H5Gclose(group);
    }

    void the_summary_has_a_row_per_site() {
        const hid_t table = H5Dopen2(file_, "/summary", H5P_DEFAULT);
        const FittedSite& site = *model_->find(name_);
        QCOMPARE(field(table, "mse").size(), std::size_t(2));
        QCOMPARE(field(table, "mse").at(0), site.error.mse);
        QVERIFY(std::isnan(field(table, "mse").at(1)));
        QCOMPARE(field(table, "bytes").at(0), double(site.bytes()));
        QCOMPARE(field(table, "bytes").at(1), 6144.0);
        QCOMPARE(field(table, "bits_per_weight").at(0), site.bits_per_weight());
        H5Dclose(table);
    }

    void the_comparison_has_a_row_per_model() {
        const hid_t table = H5Dopen2(file_, "/comparison/models", H5P_DEFAULT);
        QCOMPARE(field(table, "perplexity").at(0), 12.5);
        QVERIFY(std::isnan(field(table, "perplexity").at(1)));
        QCOMPARE(field(table, "kl_mean").at(1), 0.25);
        H5Dclose(table);
        QCOMPARE(numbers(file_, "/comparison/1/kl_per_token"), (std::vector<double>{0.5, 0.125, 0}));
    }

private:
    QTemporaryDir folder_;
    std::shared_ptr<const FittedModel> model_;
    std::string name_;
    hid_t file_ = -1;
    ssize_t errors_left_ = -1;
};

QTEST_APPLESS_MAIN(TestReport)
#include "tst_report.moc"
