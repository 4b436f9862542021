// Exporting as a person does: the dialog's checks, then each format through the real window on a tiny model.
#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include "app/studio/export_dialog.h"
#include "app/studio/main_window.h"
#include "app/studio/message_bar.h"
#include "own_settings.h"
#include "widgets/theme.h"

using namespace quantscope;
using studio::Session;

class TestExportDialog : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        testing::use_own_settings(home_.path());
        widgets::ThemeNotifier::instance().apply(widgets::ThemeChoice::dark);
        window_ = std::make_unique<MainWindow>();
        window_->show();
        QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
        window_->open(QStringLiteral(QUANTSCOPE_GOLDENS "/model/llama_grouped_default"));
        QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
    }
    void cleanupTestCase() {
        window_.reset();
        QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
    }

    void its_buttons_have_words_and_no_pictures() { // which the style would take from another theme
        const ExportDialog dialog(window_->session()->export_formats(), QStringLiteral("model"),
                                  QStringLiteral("recipe"));
        const auto buttons = dialog.findChildren<QPushButton*>();
        QVERIFY(buttons.size() >= 3);
        for (const QPushButton* button : buttons)
            QVERIFY2(button->icon().isNull() && !button->text().isEmpty(), qPrintable(button->text()));
    }

    void a_place_that_cannot_be_written_is_refused_before_the_job_data() {
        QTest::addColumn<QString>("format");
        QTest::addColumn<QString>("target");
        QTest::addColumn<QString>("problem");
        QDir(home_.path()).mkpath(QStringLiteral("full"));
        QDir(home_.path()).mkpath(QStringLiteral("hollow"));
        for (const char* name : {"file", "full/something"}) {
            QFile file(home_.filePath(QLatin1String(name)));
            QVERIFY(file.open(QIODevice::WriteOnly) && file.write("x") == 1);
        }
        QTest::newRow("nothing") << "packed"
                                 << ""
                                 << "choose where to write";
        QTest::newRow("no such folder") << "packed" << home_.filePath("none/model") << "there is no folder";
        QTest::newRow("below a file") << "packed" << home_.filePath("file/model") << "there is no folder";
        QTest::newRow("a full folder") << "packed" << home_.filePath("full") << "is not empty";
        QTest::newRow("a file for a folder") << "packed" << home_.filePath("file") << "a file has this name";
        QTest::newRow("a folder for a file") << "single" << home_.filePath("hollow") << "a folder has this name";
        QTest::newRow("not for this model") << "never" << home_.filePath("model") << "no format can be written";
        QTest::newRow("a new folder") << "packed" << home_.filePath("new") << "";
        QTest::newRow("an empty folder") << "packed" << home_.filePath("hollow") << "";
        QTest::newRow("an old file") << "single" << home_.filePath("file") << "replaced";
    }
    void a_place_that_cannot_be_written_is_refused_before_the_job() {
        QFETCH(QString, format);
        QFETCH(QString, target);
        QFETCH(QString, problem);
        ExportDialog dialog({{"packed", "Packed", "", true, true, ""},
                             {"single", "Single file", "", false, true, ""},
                             {"never", "Never", "", true, false, "this model has no such thing"}},
                            QStringLiteral("model"), QStringLiteral("recipe"));
        auto* formats = dialog.findChild<QComboBox*>(QStringLiteral("exportFormat"));
        formats->setCurrentIndex(formats->findData(format));
        dialog.findChild<QLineEdit*>(QStringLiteral("exportTarget"))->setText(target);
        const QString told = dialog.findChild<QLabel*>(QStringLiteral("exportProblem"))->text();
        QVERIFY2(problem.isEmpty() ? told.isEmpty() : told.contains(problem), qPrintable(told));
        QCOMPARE(dialog.findChild<QPushButton*>(QStringLiteral("exportStart"))->isEnabled(),
                 problem.isEmpty() || problem == QLatin1String("replaced"));
    }

    void a_format_that_does_not_fit_is_greyed_and_says_why() {
        ExportDialog dialog(window_->session()->export_formats(), QStringLiteral("model"), QStringLiteral("recipe"));
        auto* formats = dialog.findChild<QComboBox*>(QStringLiteral("exportFormat"));
        const int diffusers = formats->findData(QStringLiteral("diffusers")); // of a language model
        QVERIFY(diffusers > 0);
        QVERIFY(!(formats->model()->flags(formats->model()->index(diffusers, 0)) & Qt::ItemIsEnabled));
        QVERIFY(formats->itemData(diffusers, Qt::ToolTipRole).toString().contains(QLatin1String("choose hf")));
        formats->setCurrentIndex(formats->findData(QStringLiteral("pt")));
        QVERIFY(dialog.target().endsWith(QLatin1String("/model-recipe.pt")));
    }

    void a_name_with_slashes_stays_one_name() {
        ExportDialog dialog({{"packed", "Packed", "", true, true, ""}}, QStringLiteral("org/model"),
                            QStringLiteral("W4/W8"));
        QVERIFY(dialog.target().endsWith(QLatin1String("/org-model-W4-W8")));
    }

    void each_format_is_written_through_the_dialog_and_opens_again_data() {
        QTest::addColumn<QString>("format");
        QDir(home_.path()).mkpath(QStringLiteral("out")); // files and their config.json
        for (const auto& format : window_->session()->export_formats())
            if (format.available) QTest::newRow(format.name.c_str()) << QString::fromStdString(format.name);
    }
    void each_format_is_written_through_the_dialog_and_opens_again() {
        QFETCH(QString, format);
        const QString target = home_.filePath(QStringLiteral("out/") + format);
        QSignalSpy exported(window_.get(), &MainWindow::exported);
        exportThroughDialog(format, target);
        QTRY_COMPARE_WITH_TIMEOUT(exported.count(), 1, 60'000);
        QVERIFY(bar()->text().contains(target));
        Progress progress;
        const auto again = Session::open(target.toStdString(), progress);
        QCOMPARE(again->layers().size(), window_->session()->layers().size());
        const std::string layer = "model.layers.0.mlp.down_proj";
        const auto fit = window_->session()->fit_view(layer, window_->document().recipe(), progress);
        const double error = again->weight_at(layer, 1, 2) - window_->session()->weight_at(layer, 1, 2);
        QVERIFY(error != 0); // quantized
        QVERIFY(std::abs(error) <= fit->result.max_error * 1.001);
        QVERIFY(
            QDir(home_.path()).entryList({QStringLiteral("*.partial*"), QStringLiteral(".*")}, QDir::Files).isEmpty());
    }

    void a_report_that_cannot_be_written_is_told_and_the_window_goes_on() {
        window_->exportReport(QStringLiteral("/proc/report.h5"));
        QTRY_VERIFY_WITH_TIMEOUT(bar()->text().contains(QLatin1String("/proc/report.h5")), 60'000);
        QSignalSpy exported(window_.get(), &MainWindow::exported);
        window_->exportReport(home_.filePath(QStringLiteral("report.h5")));
        QTRY_COMPARE_WITH_TIMEOUT(exported.count(), 1, 60'000);
        QVERIFY(QFileInfo(home_.filePath(QStringLiteral("report.h5"))).size() > 10'000);
    }

    void a_folder_that_cannot_be_made_is_told_and_leaves_nothing() {
        const QString target = QStringLiteral("/proc/model");
        exportThroughDialog(QStringLiteral("packed"), target);
        QTRY_VERIFY_WITH_TIMEOUT(bar()->text().contains(target), 60'000);
        QVERIFY(!QFileInfo::exists(target));
    }

    void a_cancelled_export_leaves_nothing() {
        const QString target = home_.filePath(QStringLiteral("cancelled"));
        window_->applyPreset(QStringLiteral("piecewise-w3-g64")); // not fitted yet: there is work to cancel
        exportThroughDialog(QStringLiteral("packed"), target);
        window_->findChild<QAction*>(QStringLiteral("action_cancel"))->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
        QVERIFY(!QFileInfo::exists(target));
    }

private:
    MessageBar* bar() const { return window_->findChild<MessageBar*>(QStringLiteral("messageBar")); }

    /// Fills in the dialog while it runs its own event loop.
    void exportThroughDialog(const QString& format, const QString& target) {
        QTimer::singleShot(0, this, [format, target] {
            auto* dialog = qobject_cast<ExportDialog*>(QApplication::activeModalWidget());
            QVERIFY(dialog);
            auto* formats = dialog->findChild<QComboBox*>(QStringLiteral("exportFormat"));
            formats->setCurrentIndex(formats->findData(format));
            dialog->findChild<QLineEdit*>(QStringLiteral("exportTarget"))->setText(target);
            auto* start = dialog->findChild<QPushButton*>(QStringLiteral("exportStart"));
            if (!start->isEnabled()) {
                dialog->reject();
                QFAIL(qPrintable(dialog->findChild<QLabel*>(QStringLiteral("exportProblem"))->text()));
            }
            QTest::mouseClick(start, Qt::LeftButton);
        });
        window_->findChild<QAction*>(QStringLiteral("action_export"))->trigger();
    }

    QTemporaryDir home_;
    std::unique_ptr<MainWindow> window_;
};

QTEST_MAIN(TestExportDialog)
#include "tst_export_dialog.moc"
