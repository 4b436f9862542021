// Sampling images through the real window, on a tiny DiT.
#include <QDir>
#include <QFile>
#include <QPushButton>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "app/studio/main_window.h"
#include "own_settings.h"
#include "widgets/images/images_view.h"

using namespace quantscope;
using namespace quantscope::testing;

class TestImagesWindow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        use_own_settings(home_.path());
        for (const char* name : {"model.pt", "config.json"})
            QVERIFY(QFile::copy(QStringLiteral(QUANTSCOPE_GOLDENS "/diffusion/original_patch4/") + QLatin1String(name),
                                home_.filePath(QLatin1String(name))));
        make_window();
        open(home_.filePath(QStringLiteral("model.pt")));
    }
    void cleanupTestCase() {
        window_.reset();
        QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
    }

    void a_dit_starts_with_the_studys_recipe_and_offers_its_presets() {
        QCOMPARE(window_->document().recipe()["name"].get<std::string>(),
                 std::string("study-dit-layers-uniform-rest-piecewise-w4"));
        QVERIFY(window_->findChild<QAction*>(QStringLiteral("preset_study-dit-piecewise-w4")));
        QVERIFY(!window_->findChild<QAction*>(QStringLiteral("preset_study-mlp-piecewise-w4")));
        QVERIFY(window_->offers(MainWindow::images_view) && !window_->offers(MainWindow::compare_view));
    }

    void the_same_images_come_from_every_model() {
        QSignalSpy sampled(window_.get(), &MainWindow::imagesSampled);
        window_->sampleImages(request(3));
        QTRY_COMPARE_WITH_TIMEOUT(sampled.count(), 1, 60'000);
        const auto shown = images()->comparison();
        QVERIFY(shown);
        QCOMPARE(shown->columns.size(), std::size_t(2));
        QCOMPARE(shown->columns[1].name, std::string("present recipe"));
        for (const auto& column : shown->columns)
            for (const auto& picture : column.pictures)
                QCOMPARE(picture.rgb.size(), std::size_t(12 * 12 * 3));
        for (const auto& metrics : shown->columns[1].metrics)
            QVERIFY(std::isfinite(metrics.psnr_db) && metrics.psnr_db > 5);
        QVERIFY(shown->columns[0].pictures[0].rgb != shown->columns[0].pictures[1].rgb);
        QVERIFY(shown->columns[1].bytes < shown->columns[0].bytes);
        QVERIFY(!shown->columns[1].noise_errors.empty());
    }

    void a_stopped_job_leaves_the_view_ready() {
        auto long_one = request(20);
        long_one.steps = 900;
        window_->sampleImages(long_one);
        QTRY_VERIFY_WITH_TIMEOUT(!window_->isIdle(), 5'000);
        QTest::qWait(300);
        QElapsedTimer clock;
        clock.start();
        Q_EMIT images()->stopRequested();
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 20'000);
        QVERIFY2(clock.elapsed() < 5'000, qPrintable(QString::number(clock.elapsed())));
        QSignalSpy sampled(window_.get(), &MainWindow::imagesSampled);
        window_->sampleImages(request(1));
        QTRY_COMPARE_WITH_TIMEOUT(sampled.count(), 1, 60'000);
    }

    void what_was_asked_for_is_remembered_with_the_session() {
        auto asked = request(2);
        asked.steps = 17;
        images()->setRequest(asked);
        window_->close();
        make_window();
        open(home_.filePath(QStringLiteral("model.pt")));
        QCOMPARE(images()->request().steps, 17);
        QCOMPARE(images()->request().rows.size(), std::size_t(2));
    }

    void an_error_is_told_in_the_window() {
        auto wrong = request(1);
        wrong.rows[0].label = 77;
        QSignalSpy sampled(window_.get(), &MainWindow::imagesSampled);
        window_->sampleImages(wrong);
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 20'000);
        QCOMPARE(sampled.count(), 0);
        bool told = false;
        for (const auto* label : window_->findChildren<QLabel*>())
            told = told || (label->isVisibleTo(window_.get()) && label->text().contains(QLatin1String("class 77")));
        QVERIFY(told);
    }

private:
    void make_window() {
        window_ = std::make_unique<MainWindow>();
        window_->show();
    }
    void open(const QString& path) {
        QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
        window_->open(path);
        QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    }
    widgets::ImagesView* images() { return window_->findChild<widgets::ImagesView*>(); }
    studio::ImageRequest request(int classes) {
        studio::ImageRequest asked;
        for (int i = 0; i < classes; ++i)
            asked.rows.push_back({i % 5, {}, 4});
        asked.models = {{"present recipe", window_->document().recipe()}};
        asked.steps = 5;
        asked.guidance = 2;
        return asked;
    }

    QTemporaryDir home_;
    std::unique_ptr<MainWindow> window_;
};

QTEST_MAIN(TestImagesWindow)
#include "tst_images_window.moc"
