// The window opens a 10 GB file of 300 tensors to a filled tree in under a second and in little memory, though it goes
// on to measure every layer behind it. The file is sparse, so that it takes no room on the disk.
#include <QElapsedTimer>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/studio/main_window.h"
#include "widgets/layers/layer_tree.h"

using namespace quantscope;

namespace {

constexpr std::int64_t tensors = 300, rows = 4096, columns = 4096, bytes_each = rows * columns * 2;

std::int64_t resident_now() {
    std::ifstream status("/proc/self/statm");
    std::int64_t total = 0, resident = 0;
    status >> total >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

bool write_sparse(const std::filesystem::path& file) {
    nlohmann::json header;
    for (std::int64_t i = 0; i < tensors; ++i)
        header["layers." + std::to_string(i) + ".weight"] = {
            {"dtype", "BF16"}, {"shape", {rows, columns}}, {"data_offsets", {i * bytes_each, (i + 1) * bytes_each}}};
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(&length), sizeof length) << text;
    stream.close();
    std::error_code error;
    std::filesystem::resize_file(file, 8 + length + std::uint64_t(tensors) * bytes_each, error);
    return !error;
}

} // namespace

class TestLargeModelSlow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ten_gigabytes_fill_the_tree_at_once() {
        QTemporaryDir folder;
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder.path());
        QCoreApplication::setOrganizationName(QStringLiteral("quantscope-test"));
        QCoreApplication::setApplicationName(QStringLiteral("quantscope-test-large-") +
                                             QString::number(QCoreApplication::applicationPid()));
        const QString file = folder.filePath(QStringLiteral("large.safetensors"));
        if (!write_sparse(file.toStdString())) QSKIP("the file system takes no sparse file of 10 GB");
        MainWindow window;
        window.show();
        QVERIFY(QTest::qWaitForWindowExposed(&window));
        QTest::qWait(300);
        const std::int64_t empty = resident_now();
        QSignalSpy opened(&window, &MainWindow::modelOpened);
        QElapsedTimer clock;
        clock.start();
        window.open(file);
        QVERIFY(opened.wait(10'000));
        const qint64 milliseconds = clock.elapsed();
        const std::int64_t grown = resident_now() - empty;
        QCOMPARE(window.findChild<widgets::LayerTree*>()->model().layerCount(), qsizetype(tensors));
        // Behind the filled tree every layer is measured; what has been read is given back as it goes.
        std::int64_t most = grown;
        for (int i = 0; i < 40; ++i) {
            QTest::qWait(100);
            most = std::max(most, resident_now() - empty);
        }
        qInfo("filled after %lld ms, %lld MB more resident; at most %lld MB while it is measured",
              static_cast<long long>(milliseconds), static_cast<long long>(grown / 1'000'000),
              static_cast<long long>(most / 1'000'000));
        window.jobs().cancelAll();
        QVERIFY2(milliseconds < 1000, qPrintable(QString::number(milliseconds)));
        QVERIFY2(grown < 100'000'000, qPrintable(QString::number(grown)));
        QVERIFY2(most < 400'000'000, qPrintable(QString::number(most)));
    }
};

QTEST_MAIN(TestLargeModelSlow)
#include "tst_large_model_slow.moc"
