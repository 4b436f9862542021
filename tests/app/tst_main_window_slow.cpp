// The whole window on the default model, as a person uses it: open, look, edit, quantize, cancel, compare, export.
// The steps build on one another and run in the order they stand in.
#include <QAction>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QLabel>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>
#include <QToolButton>
#include <QTreeView>

#include "app/studio/main_window.h"
#include "app/studio/recipe_edit.h"
#include "core/studio/session.h"
#include "own_settings.h"
#include "widgets/compare/compare_view.h"
#include "widgets/jobs/jobs_panel.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/theme.h"
#include "widgets/weights/weights_view.h"

using namespace quantscope;
using widgets::JobState;

namespace {

const QString default_model = QStringLiteral(QUANTSCOPE_DEFAULT_MODEL);
const QStringList small_layers{QStringLiteral("model.layers.0.self_attn.k_proj"),
                               QStringLiteral("model.layers.0.self_attn.v_proj"),
                               QStringLiteral("model.layers.1.self_attn.k_proj")};
constexpr int layers_of_default_model = 211;    // 30 blocks of 7, and the embedding
constexpr int long_wait = 300'000;              // milliseconds; a loaded machine computes slowly
constexpr qint64 told_within = 100;             // milliseconds after a click on Cancel
constexpr qint64 stopped_within = 500 * 4;      // half a second, and a factor for a loaded machine
constexpr qint64 answers_within = 100 * 4;      // milliseconds without an answer to a click, likewise
constexpr qint64 first_paint_within = 1000 * 4; // one second, likewise

/// Notes when a widget has been painted for the first time.
class FirstPaint : public QObject {
public:
    FirstPaint() { clock_.start(); }
    qint64 milliseconds = -1;

protected:
    bool eventFilter(QObject*, QEvent* event) override {
        if (event->type() == QEvent::Paint && milliseconds < 0) milliseconds = clock_.elapsed();
        return false;
    }

private:
    QElapsedTimer clock_;
};

/// The longest time that the window could not have answered a click.
class LongestPause : public QObject {
public:
    LongestPause() {
        timer_.setTimerType(Qt::PreciseTimer);
        connect(&timer_, &QTimer::timeout, this, [this] { milliseconds = std::max(milliseconds, clock_.restart()); });
        clock_.start();
        timer_.start(1);
    }
    qint64 milliseconds = 0;

private:
    QTimer timer_;
    QElapsedTimer clock_;
};

} // namespace

class TestMainWindowSlow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void opening_fills_the_tree();
    void a_selected_layer_is_shown();
    void selecting_every_layer_leaves_the_window_quick_data();
    void selecting_every_layer_leaves_the_window_quick();
    void editing_every_layer_leaves_the_window_quick();
    void quantizing_three_layers_gives_their_exact_errors();
    void a_cancelled_quantize_says_so_at_once_and_stops_soon();
    void comparing_gives_two_finite_rows();
    void the_same_text_stands_side_by_side();
    void the_packed_model_opens_again();
    void the_report_is_written();

private:
    widgets::LayerTree* tree() { return window_->findChild<widgets::LayerTree*>(); }
    widgets::CompareView* compare() { return window_->findChild<widgets::CompareView*>(); }

    QTemporaryDir folder_;
    std::unique_ptr<MainWindow> window_;
};

void TestMainWindowSlow::initTestCase() {
    if (!QFileInfo::exists(default_model)) QSKIP("the default model is not there");
    testing::use_own_settings(folder_.path());
    widgets::ThemeNotifier::instance().apply(widgets::ThemeChoice::light);
    FirstPaint paint;
    window_ = std::make_unique<MainWindow>();
    window_->installEventFilter(&paint);
    window_->show();
    QTRY_VERIFY(paint.milliseconds >= 0);
    qInfo() << "first paint after" << paint.milliseconds << "ms";
    QVERIFY2(paint.milliseconds < first_paint_within, qPrintable(QString::number(paint.milliseconds)));
}

void TestMainWindowSlow::cleanupTestCase() { window_.reset(); }

void TestMainWindowSlow::opening_fills_the_tree() {
    QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
    QElapsedTimer clock;
    clock.start();
    window_->open(default_model);
    QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, long_wait);
    qInfo() << "opened after" << clock.elapsed() << "ms";
    QCOMPARE(tree()->model().layerCount(), qsizetype(layers_of_default_model));
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
    qInfo() << "every layer measured and estimated after" << clock.elapsed() << "ms";
    for (const QString& name : tree()->model().layerNames())
        QVERIFY2(std::isfinite(tree()->model().measures(name).outlier_score), qPrintable(name));
}

void TestMainWindowSlow::a_selected_layer_is_shown() {
    auto* weights = window_->findChild<widgets::WeightsView*>();
    QSignalSpy drawn(weights, &widgets::WeightsView::drawn);
    window_->showView(MainWindow::weights_view);
    window_->selectLayers({small_layers.first()});
    QTRY_VERIFY(!drawn.isEmpty() && drawn.last().first().toString() == small_layers.first());
    QCOMPARE(weights->layer(), small_layers.first());
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
    QVERIFY(!window_->findChild<QLabel*>(QStringLiteral("effectPresent0"))->text().isEmpty());
}

void TestMainWindowSlow::selecting_every_layer_leaves_the_window_quick_data() {
    QTest::addColumn<bool>("own_schemes");
    QTest::addColumn<bool>("grouped");
    QTest::addColumn<int>("view");
    for (const int view : {MainWindow::overview_view, MainWindow::weights_view})
        for (const bool own : {false, true})
            for (const bool grouped : {true, false})
                QTest::addRow("%s, %s, %s", view == MainWindow::weights_view ? "Weights" : "Overview",
                              own ? "each with a scheme of its own" : "all under the default",
                              grouped ? "by block" : "in one list")
                    << own << grouped << view;
}

void TestMainWindowSlow::selecting_every_layer_leaves_the_window_quick() {
    QFETCH(bool, own_schemes);
    QFETCH(bool, grouped);
    QFETCH(int, view);
    window_->applyPreset(QStringLiteral("piecewise-w4-channel"));
    auto& document = window_->document();
    if (own_schemes) {
        auto recipe = document.recipe();
        int bits = 0;
        for (const auto& layer : window_->session()->layers())
            if (layer.in_default)
                recipe = recipe_edit::with_parameter(std::move(recipe), {QString::fromStdString(layer.name)}, "grid",
                                                     "uniform", "bits", 3 + bits++ % 4);
        document.change(std::move(recipe), QStringLiteral("a scheme for each"));
    }
    window_->findChild<QToolButton*>(QStringLiteral("layerGrouping"))->setChecked(grouped);
    window_->selectLayers({small_layers.first()});
    window_->showView(MainWindow::View(view));
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
    auto* rows = window_->findChild<QTreeView*>(QStringLiteral("layerView"));
    rows->setFocus();
    LongestPause pause;
    QTest::keyClick(rows, Qt::Key_A, Qt::ControlModifier);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
    QTest::qWait(20);
    qInfo() << "longest pause" << pause.milliseconds << "ms";
    QCOMPARE(tree()->selected().size(), layers_of_default_model);
    QVERIFY2(pause.milliseconds < answers_within, qPrintable(QString::number(pause.milliseconds)));
    document.undoStack().undo();
    if (own_schemes) document.undoStack().undo();
}

void TestMainWindowSlow::editing_every_layer_leaves_the_window_quick() {
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    QStringList layers;
    for (const auto& layer : window_->session()->layers())
        if (layer.in_default) layers << QString::fromStdString(layer.name);
    window_->selectLayers(layers);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
    auto* bits = window_->findChild<QSpinBox*>(QStringLiteral("scheme_grid_bits"));
    for (const char* what : {"under the default", "each with a scheme of its own by now"}) {
        LongestPause pause;
        QTest::keyClick(bits, Qt::Key_Up);
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
        qInfo() << "longest pause" << pause.milliseconds << "ms," << what;
        QVERIFY2(pause.milliseconds < answers_within, qPrintable(QString::number(pause.milliseconds)));
    }
    const auto scheme = window_->session()->scheme_of(window_->document().recipe(), layers.last().toStdString());
    QCOMPARE(scheme["grid"]["bits"], nlohmann::json(6));
    while (window_->document().undoStack().canUndo())
        window_->document().undoStack().undo();
}

void TestMainWindowSlow::quantizing_three_layers_gives_their_exact_errors() {
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    auto& document = window_->document();
    auto recipe = recipe_edit::left_in_float(document.recipe(), {});
    recipe = recipe_edit::with_parameter(std::move(recipe), small_layers, "grid", "uniform", "bits", 4);
    document.change(std::move(recipe), QStringLiteral("quantize three layers"));
    QSignalSpy quantized(window_.get(), &MainWindow::quantized);
    window_->findChild<QAction*>(QStringLiteral("action_quantize"))->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(quantized.count(), 1, long_wait);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
    for (const QString& name : tree()->model().layerNames()) {
        const auto measures = tree()->model().measures(name);
        if (small_layers.contains(name))
            QVERIFY2(!measures.error_is_estimate && measures.error > 0.01 && measures.error < 0.5, qPrintable(name));
        else
            QVERIFY2(measures.bits >= 16, qPrintable(name));
    }
}

void TestMainWindowSlow::a_cancelled_quantize_says_so_at_once_and_stops_soon() {
    window_->applyPreset(QStringLiteral("piecewise-w4-channel"));
    const auto recipe = window_->document().recipe();
    QVERIFY(!window_->session()->is_quantized(recipe));
    quint64 job = 0;
    QElapsedTimer clock;
    qint64 told = -1, stopped = -1;
    double fraction = 0;
    auto phase = JobState::Phase::waiting;
    QObject scope;
    connect(&window_->jobs(), &JobRunner::changed, &scope, [&](const JobState& state) {
        if (state.title != u"Quantize") return;
        job = state.id;
        phase = state.phase;
        fraction = state.fraction;
        if (phase == JobState::Phase::cancelling && told < 0) told = clock.elapsed();
        if (state.is_over() && stopped < 0) stopped = clock.elapsed();
    });
    QSignalSpy quantized(window_.get(), &MainWindow::quantized);
    window_->quantize();
    QTRY_VERIFY_WITH_TIMEOUT(phase == JobState::Phase::running && fraction > 0, long_wait);
    clock.start();
    window_->findChild<QAction*>(QStringLiteral("action_cancel"))->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(stopped >= 0, 60'000);
    qInfo() << "cancel was told after" << told << "ms, the work stopped after" << stopped << "ms";
    QVERIFY(job != 0 && phase == JobState::Phase::cancelled);
    QVERIFY2(told >= 0 && told <= told_within, qPrintable(QString::number(told)));
    QVERIFY2(stopped <= stopped_within, qPrintable(QString::number(stopped)));
    QCOMPARE(quantized.count(), 0);
    QVERIFY(!window_->session()->is_quantized(recipe));
    window_->findChild<QAction*>(QStringLiteral("action_undo"))->trigger(); // the recipe of three layers again
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), long_wait);
    QVERIFY(window_->session()->is_quantized(window_->document().recipe()));
}

void TestMainWindowSlow::comparing_gives_two_finite_rows() {
    window_->showView(MainWindow::compare_view);
    compare()->findChild<QSpinBox*>(QStringLiteral("compareContext"))->setValue(128);
    compare()->findChild<QSpinBox*>(QStringLiteral("compareTokens"))->setValue(256);
    QSignalSpy compared(window_.get(), &MainWindow::compared);
    window_->compareAll();
    QTRY_COMPARE_WITH_TIMEOUT(compared.count(), 1, long_wait);
    const auto rows = compare()->results();
    QCOMPARE(rows.size(), std::size_t(2));
    for (const auto& row : rows)
        QVERIFY2(std::isfinite(row.perplexity) && row.perplexity > 1 && row.tokens > 0, row.name.c_str());
    QVERIFY(rows[0].recipe.is_null() && rows[1].recipe == window_->document().recipe());
    QVERIFY(rows[1].kl_mean > 0 && rows[1].bytes > 0);
}

void TestMainWindowSlow::the_same_text_stands_side_by_side() {
    compare()->findChild<QSpinBox*>(QStringLiteral("compareLength"))->setValue(8);
    QSignalSpy compared(window_.get(), &MainWindow::textCompared);
    window_->compareText();
    QTRY_COMPARE_WITH_TIMEOUT(compared.count(), 1, long_wait);
    auto* original = compare()->findChild<widgets::TokenText*>(QStringLiteral("tokenText0"));
    auto* quantized = compare()->findChild<widgets::TokenText*>(QStringLiteral("tokenText1"));
    QVERIFY(original && quantized);
    QVERIFY(!quantized->column().tokens.empty());
    QCOMPARE(quantized->column().tokens.size(), original->column().tokens.size());
    double divergence = 0;
    for (const auto& token : quantized->column().tokens)
        divergence += double(token.kl);
    QVERIFY2(divergence > 0, "the quantized model's tokens have colours");
    QVERIFY(!quantized->candidateTable(int(quantized->column().tokens.size()) - 1).isEmpty());
}

void TestMainWindowSlow::the_packed_model_opens_again() {
    const QString target = folder_.filePath(QStringLiteral("packed"));
    QSignalSpy exported(window_.get(), &MainWindow::exported);
    window_->exportTo(QStringLiteral("packed"), target);
    QTRY_COMPARE_WITH_TIMEOUT(exported.count(), 1, long_wait);
    QVERIFY(QFileInfo::exists(target));
    Progress progress;
    const auto again = studio::Session::open(target.toStdString(), progress);
    QCOMPARE(again->layers().size(), std::size_t(layers_of_default_model));
}

void TestMainWindowSlow::the_report_is_written() {
    const QString target = folder_.filePath(QStringLiteral("report.h5"));
    QSignalSpy exported(window_.get(), &MainWindow::exported);
    window_->exportReport(target);
    QTRY_COMPARE_WITH_TIMEOUT(exported.count(), 1, long_wait);
    QFile file(target);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.read(8), QByteArray("\x89HDF\r\n\x1a\n"));
    QVERIFY(file.size() > 10'000);
}

QTEST_MAIN(TestMainWindowSlow)
#include "tst_main_window_slow.moc"
