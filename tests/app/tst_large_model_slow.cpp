// The window opens a 10 GB file of 300 tensors to a filled tree in under a second and in little memory, though it goes
// on to measure every layer behind it. The file is sparse, so that it takes no room on the disk.
#include <QElapsedTimer>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <filesystem>

#include "app/studio/main_window.h"
#include "own_settings.h"
#include "tests/checkpoint/sparse_model.h"
#include "widgets/layers/layer_tree.h"

using namespace quantscope;
using namespace quantscope::testing;

class TestLargeModelSlow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ten_gigabytes_fill_the_tree_at_once() {
        QTemporaryDir folder;
        testing::use_own_settings(folder.path());
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
