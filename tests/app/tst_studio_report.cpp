// The report that the studio exports after its views have measured the layers: it holds what a fresh measurement gives,
// and it reads no weight again for it.
#include <QDir>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <hdf5.h>

#include "../export/models.h"
#include "app/studio/main_window.h"
#include "core/export/report.h"
#include "own_settings.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

/// Every data set of a file by its path: type, shape and values as the file's own type has them.
std::map<std::string, std::string> data_sets(const fs::path& path) {
    std::map<std::string, std::string> found;
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0) return found;
    const auto visit = [](hid_t root, const char* name, const H5L_info_t*, void* into) -> herr_t {
        const hid_t set = H5Oopen(root, name, H5P_DEFAULT);
        if (H5Iget_type(set) != H5I_DATASET) return H5Oclose(set);
        const hid_t type = H5Dget_type(set), space = H5Dget_space(set);
        std::string values = std::to_string(H5Tget_class(type)) + ' ' + std::to_string(H5Tget_size(type)) + ' ';
        if (H5Tdetect_class(type, H5T_VLEN) <= 0 && H5Tis_variable_str(type) <= 0) {
            std::string raw(H5Tget_size(type) * std::size_t(H5Sget_simple_extent_npoints(space)), '\0');
            if (!raw.empty()) H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data());
            values += raw;
        }
        (*static_cast<std::map<std::string, std::string>*>(into))[name] = values;
        H5Sclose(space);
        H5Tclose(type);
        return H5Oclose(set);
    };
    H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit, &found);
    H5Fclose(file);
    return found;
}

/// Sets all weights to 0 in the file that the program has mapped.
void wipe_weights(const fs::path& file) {
    const auto size = fs::file_size(file);
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    std::uint64_t header = 0;
    bytes.read(reinterpret_cast<char*>(&header), 8);
    bytes.seekp(std::streamoff(8 + header));
    bytes << std::string(size - 8 - header, '\0');
}

} // namespace

class TestStudioReport : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        use_own_settings(home_.path());
        model_ = tiny_llama(fs::path(home_.path().toStdString()) / "tiny");
        window_ = std::make_unique<MainWindow>();
        window_->show();
        QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
        window_->open(QString::fromStdString(model_.string()));
        QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
        window_->applyPreset(QStringLiteral("piecewise-w4-channel"));
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000); // every layer's statistics have been shown
        window_->quantize();
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    }
    void cleanupTestCase() {
        window_.reset();
        QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
    }

    void it_holds_what_a_fresh_measurement_gives() {
        const auto fresh = measured_report("fresh.h5");
        const auto studio = exported_report("studio.h5");
        QVERIFY(fresh.size() > 14 * 10);
        QCOMPARE(studio.size(), fresh.size());
        for (const auto& [path, values] : fresh)
            QVERIFY2(studio.contains(path) && studio.at(path) == values, path.c_str());
    }

    /// With the weights gone from under it, the report still has the statistics of before: it measures nothing twice.
    void it_reads_no_weight_again() {
        const auto before = measured_report("before.h5");
        wipe_weights(model_ / "model.safetensors");
        const auto studio = exported_report("after.h5"), fresh = measured_report("wiped.h5");
        QCOMPARE(studio.size(), before.size());
        int changed = 0;
        for (const auto& [path, values] : before) {
            QVERIFY2(studio.at(path) == values, path.c_str());
            changed += fresh.at(path) != values;
        }
        QVERIFY2(changed > 14, "a fresh measurement sees that they are gone");
    }

private:
    /// By core alone, which measures all of it; quantized as the studio's model is.
    std::map<std::string, std::string> measured_report(const char* name) {
        const fs::path target = home_.filePath(QLatin1String(name)).toStdString();
        if (!fitted_) fitted_ = fitted(model_, window_->document().recipe());
        Progress progress;
        write_report(*open_model(model_), fitted_.get(), {}, target, progress, {});
        return data_sets(target);
    }

    std::map<std::string, std::string> exported_report(const char* name) {
        const QString target = home_.filePath(QLatin1String(name));
        QSignalSpy exported(window_.get(), &MainWindow::exported);
        window_->exportReport(target);
        for (int waited = 0; exported.isEmpty() && waited < 30'000; waited += 20)
            QTest::qWait(20);
        return data_sets(target.toStdString());
    }

    QTemporaryDir home_;
    fs::path model_;
    std::shared_ptr<const FittedModel> fitted_;
    std::unique_ptr<MainWindow> window_;
};

QTEST_MAIN(TestStudioReport)
#include "tst_studio_report.moc"
