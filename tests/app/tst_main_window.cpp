// The whole window on a tiny model: opening, editing by keyboard, undo, quantizing, restoring, and errors told inline.
#include <QAction>
#include <QComboBox>
#include <QDir>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QMimeData>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeView>

#include "app/studio/default_model.h"
#include "app/studio/main_window.h"
#include "app/studio/message_bar.h"
#include "app/studio/welcome.h"
#include "core/recipe/recipe.h"
#include "own_settings.h"
#include "widgets/compare/compare_view.h"
#include "widgets/inspector/scheme_inspector.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/number_text.h"
#include "widgets/theme.h"
#include "widgets/weights/histogram_plot.h"
#include "widgets/weights/weights_view.h"

using namespace quantscope;
using nlohmann::json;

namespace {
const QString tiny_model = QStringLiteral(QUANTSCOPE_GOLDENS "/model/llama_grouped_default");
const QString first_layer = QStringLiteral("model.layers.0.self_attn.q_proj");
} // namespace

class TestMainWindow : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void the_empty_window_offers_to_open();
    void opening_fills_the_tree_and_selects_a_layer();
    void a_file_that_is_no_model_is_told_inline();
    void dropping_a_folder_opens_it();
    void bits_set_by_keyboard_reach_tree_and_recipe_and_can_be_undone();
    void many_layers_are_edited_at_once();
    void the_error_follows_the_scheme();
    void dragging_the_clip_range_is_one_undo_step();
    void quantizing_gives_the_tree_exact_errors();
    void a_model_that_cannot_be_evaluated_says_why();
    void the_next_window_restores_recipe_and_selection();
    void the_theme_switches_and_back();
    void every_action_has_a_key_and_no_key_two_actions();
    void the_start_page_offers_the_default_model();
    void the_start_page_keeps_its_margins_in_a_narrow_window();
    void it_fits_a_small_screen_and_keeps_its_size();
    void an_edit_under_a_filter_reaches_the_selected_layer_only();
    void the_effect_of_several_layers_is_their_total();
    void the_total_is_exact_once_every_layer_is_data();
    void the_total_is_exact_once_every_layer_is();
    void layers_with_different_grids_keep_them_when_bits_are_set();
    void a_cancelled_drag_leaves_the_scheme();
    void opening_a_recipe_can_be_undone();
    void presets_say_what_they_do();
    void every_control_has_a_name();

private:
    void openTiny();
    template <typename W>
    W* find(const char* name) {
        return window_->findChild<W*>(QLatin1String(name));
    }
    QTemporaryDir home_;
    std::unique_ptr<MainWindow> window_;
};

void TestMainWindow::initTestCase() {
    testing::use_own_settings(home_.path());
    widgets::ThemeNotifier::instance().apply(widgets::ThemeChoice::light);
}

void TestMainWindow::init() {
    QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
    QSettings().clear();
    window_ = std::make_unique<MainWindow>();
    window_->show();
}

void TestMainWindow::cleanup() {
    window_.reset();
    QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
}

void TestMainWindow::openTiny() {
    QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
    window_->open(tiny_model);
    QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
}

void TestMainWindow::the_empty_window_offers_to_open() {
    QVERIFY(find<QPushButton>("welcomeOpen")->isVisible());
    QVERIFY(!find<QAction>("action_quantize")->isEnabled());
    QVERIFY(!find<QTabWidget>("views")->isVisible());
}

void TestMainWindow::opening_fills_the_tree_and_selects_a_layer() {
    openTiny();
    auto* tree = window_->findChild<widgets::LayerTree*>();
    QCOMPARE(tree->model().layerCount(), qsizetype(window_->session()->layers().size()));
    QVERIFY(tree->model().layer(first_layer));
    QVERIFY(tree->model().layer(tree->current())->in_default);
    for (const QString& name : tree->model().layerNames())
        QVERIFY2(std::isfinite(tree->model().measures(name).outlier_score), qPrintable(name));
    QVERIFY(find<QAction>("action_quantize")->isEnabled());
    QVERIFY(window_->windowTitle().contains(QLatin1String("llama_grouped_default")));
}

void TestMainWindow::a_file_that_is_no_model_is_told_inline() {
    const QString path = home_.filePath(QStringLiteral("no model.gguf"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("not a model");
    file.close();
    QSignalSpy failed(window_.get(), &MainWindow::openFailed);
    window_->open(path);
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(find<MessageBar>("messageBar")->isVisible());
    QVERIFY(find<MessageBar>("messageBar")->text().contains(QLatin1String("no model.gguf")));
    QVERIFY(find<QPushButton>("welcomeOpen")->isEnabled());
}

void TestMainWindow::dropping_a_folder_opens_it() {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(tiny_model)});
    QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
    QDropEvent drop(QPointF(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QDragEnterEvent enter({200, 200}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(window_.get(), &enter);
    QVERIFY(enter.isAccepted());
    QCoreApplication::sendEvent(window_.get(), &drop);
    QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
}

void TestMainWindow::bits_set_by_keyboard_reach_tree_and_recipe_and_can_be_undone() {
    openTiny();
    window_->selectLayers({first_layer});
    const json before = window_->document().recipe();
    auto* bits = find<QSpinBox>("scheme_grid_bits");
    QVERIFY(bits);
    const int old_bits = bits->value();
    bits->setFocus();
    QTest::keyClick(bits, Qt::Key_Up);
    const json scheme = window_->session()->scheme_of(window_->document().recipe(), first_layer.toStdString());
    QCOMPARE(scheme["grid"]["bits"], json(old_bits + 1));
    auto* tree = window_->findChild<widgets::LayerTree*>();
    QTRY_VERIFY(tree->model().measures(first_layer).differs);
    QTRY_VERIFY(tree->model().measures(first_layer).bits >= old_bits + 1);
    find<QAction>("action_undo")->trigger();
    QCOMPARE(window_->document().recipe(), before);
    QCOMPARE(find<QSpinBox>("scheme_grid_bits")->value(), old_bits);
    QTRY_VERIFY(!tree->model().measures(first_layer).differs);
    find<QAction>("action_redo")->trigger();
    QCOMPARE(find<QSpinBox>("scheme_grid_bits")->value(), old_bits + 1);
}

void TestMainWindow::many_layers_are_edited_at_once() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    QStringList layers;
    for (const auto& layer : window_->session()->layers())
        if (layer.role == "down" || layer.role == "up") layers << QString::fromStdString(layer.name);
    QVERIFY(layers.size() >= 4);
    window_->selectLayers(layers);
    auto* grid = find<QComboBox>("scheme_grid");
    const int piecewise = grid->findData(QStringLiteral("piecewise"));
    QVERIFY(piecewise >= 0);
    grid->setFocus();
    while (grid->currentIndex() != piecewise) {
        const int before = grid->currentIndex();
        QTest::keyClick(grid, before < piecewise ? Qt::Key_Down : Qt::Key_Up);
        QVERIFY(grid->currentIndex() != before);
    }
    for (const auto& layer : window_->session()->layers()) {
        const json scheme = window_->session()->scheme_of(window_->document().recipe(), layer.name);
        if (scheme.is_null()) continue;
        QCOMPARE(scheme["grid"]["name"] == "piecewise", layers.contains(QString::fromStdString(layer.name)));
    }
    window_->selectLayers({layers.first(), first_layer});
    QCOMPARE(grid->currentIndex(), -1); // mixed
}

void TestMainWindow::the_error_follows_the_scheme() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    window_->selectLayers({first_layer});
    window_->showView(MainWindow::weights_view);
    auto* tree = window_->findChild<widgets::LayerTree*>();
    double last = INFINITY;
    for (const int bits : {2, 4, 8}) {
        find<QSpinBox>("scheme_grid_bits")->setValue(bits);
        QTRY_VERIFY(window_->isIdle());
        const double error = tree->model().measures(first_layer).error;
        QVERIFY2(error < last / 2, qPrintable(QStringLiteral("%1 bits: %2 after %3").arg(bits).arg(error).arg(last)));
        last = error;
    }
    QVERIFY(!find<QLabel>("effectPresent0")->text().isEmpty());
}

void TestMainWindow::dragging_the_clip_range_is_one_undo_step() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    window_->selectLayers({first_layer});
    window_->showView(MainWindow::weights_view);
    QTRY_VERIFY(window_->isIdle());
    const int steps = window_->document().undoStack().count();
    auto* weights = window_->findChild<widgets::WeightsView*>();
    const auto overlay = [&] {
        const json scheme = window_->session()->scheme_of(window_->document().recipe(), first_layer.toStdString());
        return window_->session()->estimate(first_layer.toStdString(), scheme, false).overlay;
    };
    const double low = overlay().clip_low, high = overlay().clip_high;
    for (int i = 0; i < 6; ++i)
        Q_EMIT weights->clip_dragged(first_layer, low, high * (0.95 - 0.05 * i), i == 5);
    QCOMPARE(window_->document().undoStack().count(), steps + 1);
    const json scheme = window_->session()->scheme_of(window_->document().recipe(), first_layer.toStdString());
    QCOMPARE(scheme["clipping"]["name"], json("coefficient"));
    QVERIFY2(std::abs(double(overlay().clip_high) / (high * 0.7) - 1) < 0.01,
             "the grid ends where the handle was let go");
}

void TestMainWindow::quantizing_gives_the_tree_exact_errors() {
    openTiny();
    QSignalSpy quantized(window_.get(), &MainWindow::quantized);
    find<QAction>("action_quantize")->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(quantized.count(), 1, 60'000);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    auto* tree = window_->findChild<widgets::LayerTree*>();
    int exact = 0;
    for (const auto& layer : window_->session()->layers()) {
        const auto measures = tree->model().measures(QString::fromStdString(layer.name));
        if (!layer.in_default) continue;
        QVERIFY2(!measures.error_is_estimate && measures.error > 0 && measures.error < 1, layer.name.c_str());
        ++exact;
    }
    QVERIFY(exact >= 14);
}

void TestMainWindow::a_model_that_cannot_be_evaluated_says_why() {
    openTiny(); // has no tokenizer
    QVERIFY(!window_->session()->card().can_evaluate);
    window_->showView(MainWindow::compare_view);
    QVERIFY(!find<QPushButton>("compareEvaluate")->isEnabled());
    QVERIFY(!find<QAction>("action_compare")->isEnabled());
    const QString shown = find<QLabel>("compareUnavailable")->text();
    QVERIFY2(shown.contains(QString::fromStdString(window_->session()->card().why_not_evaluated)), qPrintable(shown));
}

void TestMainWindow::the_next_window_restores_recipe_and_selection() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    window_->selectLayers({first_layer, QStringLiteral("model.layers.1.mlp.up_proj")});
    find<QSpinBox>("scheme_grid_bits")->setValue(7);
    window_->showView(MainWindow::weights_view);
    const json recipe = window_->document().recipe();
    QVERIFY(window_->close());
    window_ = std::make_unique<MainWindow>();
    window_->show();
    QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
    window_->restoreLast();
    QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
    QCOMPARE(window_->document().recipe(), recipe);
    QCOMPARE(window_->findChild<widgets::LayerTree*>()->selected(),
             QStringList({first_layer, QStringLiteral("model.layers.1.mlp.up_proj")}));
    QCOMPARE(find<QTabWidget>("views")->currentIndex(), int(MainWindow::weights_view));
}

void TestMainWindow::the_theme_switches_and_back() {
    const bool dark = widgets::Theme::current().dark;
    find<QAction>("action_theme")->trigger();
    QCOMPARE(widgets::Theme::current().dark, !dark);
    find<QAction>("action_theme")->trigger();
    QCOMPARE(widgets::Theme::current().dark, dark);
}

void TestMainWindow::every_action_has_a_key_and_no_key_two_actions() {
    QHash<QString, QString> used;
    for (const QAction* action : window_->actions()) {
        if (action->objectName() != u"action_about")
            QVERIFY2(!action->shortcut().isEmpty(), qPrintable(action->text()));
        for (const QKeySequence& keys : action->shortcuts()) {
            QVERIFY2(!used.contains(keys.toString()),
                     qPrintable(keys.toString() + u' ' + action->text() + u' ' + used.value(keys.toString())));
            used.insert(keys.toString(), action->text());
        }
    }
    QVERIFY(used.size() >= 20);
}

void TestMainWindow::every_control_has_a_name() {
    openTiny();
    for (const QWidget* control : window_->findChildren<QWidget*>()) {
        const bool operable = qobject_cast<const QAbstractSpinBox*>(control) ||
                              qobject_cast<const QComboBox*>(control) ||
                              qobject_cast<const QAbstractSlider*>(control) || qobject_cast<const QTreeView*>(control);
        if (!operable || qobject_cast<const QScrollBar*>(control)) continue;
        QVERIFY2(!control->accessibleName().isEmpty(),
                 qPrintable(control->objectName() + u' ' + QLatin1String(control->metaObject()->className())));
    }
}

void TestMainWindow::the_start_page_offers_the_default_model() {
    const QString model = home_.filePath(QStringLiteral("models/A-Model.Q4.gguf"));
    QVERIFY(QDir().mkpath(home_.filePath(QStringLiteral("models"))) && QDir().mkpath(home_.filePath("bin")));
    QFile file(model);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.close();
    QCOMPARE(find_default_model(home_.filePath(QStringLiteral("bin"))), model);
    QCOMPARE(find_default_model(home_.filePath(QStringLiteral("nowhere/else/bin"))), QString());
    window_->setDefaultModel(model);
    auto* welcome = find<Welcome>("welcome");
    QSignalSpy asked(welcome, &Welcome::openRequested);
    QVERIFY(find<QPushButton>("welcomeDefaultModel")->isVisible());
    QTest::mouseClick(find<QPushButton>("welcomeDefaultModel"), Qt::LeftButton);
    QCOMPARE(asked.value(0).value(0).toString(), model);
    window_->setDefaultModel({});
    QVERIFY(!find<QPushButton>("welcomeDefaultModel")->isVisible());
    QTest::qWait(50); // laid out
    for (const QLabel* label : welcome->findChildren<QLabel*>())
        if (label->isVisible() && label->wordWrap())
            QVERIFY2(label->height() >= label->heightForWidth(label->width()), qPrintable(label->text()));
}

void TestMainWindow::the_start_page_keeps_its_margins_in_a_narrow_window() {
    auto* welcome = find<Welcome>("welcome");
    window_->setDefaultModel(QStringLiteral("/somewhere/A-Model.gguf"));
    welcome->setRecent({QStringLiteral("/a/Qwen2.5-0.5B/model.safetensors"), QStringLiteral("/a/Tiny.Q4.gguf"),
                        QStringLiteral("/a/") + QString(200, u'x') + QStringLiteral(".gguf")});
    for (const QSize& size : {QSize(1024, 700), QSize(1600, 900)}) {
        window_->resize(size);
        QTRY_COMPARE(window_->size(), size);
        auto* drop = find<QFrame>("welcomeDrop");
        const auto left = [&] { return drop->mapTo(welcome, QPoint()).x(); };
        QTRY_VERIFY2(left() >= 20 && left() + drop->width() <= welcome->width() - 20,
                     qPrintable(QStringLiteral("%1 + %2 of %3").arg(left()).arg(drop->width()).arg(welcome->width())));
    }
    QStringList names;
    for (const QPushButton* button : welcome->findChildren<QPushButton*>())
        names << button->text();
    QVERIFY(names.contains(QLatin1String("Qwen2.5-0.5B/model.safetensors"))); // every model's file has that name
    QVERIFY(names.contains(QLatin1String("Tiny.Q4.gguf")));
}

void TestMainWindow::it_fits_a_small_screen_and_keeps_its_size() {
    const QSize small(1024, 700);
    window_->resize(small);
    openTiny();
    for (const auto& [name, recipe] : studio::Session::presets("llm")) {
        window_->applyPreset(QString::fromStdString(name));
        for (const auto view : {MainWindow::overview_view, MainWindow::weights_view, MainWindow::compare_view}) {
            window_->showView(view);
            QCoreApplication::processEvents();
            const QSize least = window_->minimumSizeHint();
            QVERIFY2(least.width() <= small.width() && least.height() <= small.height(),
                     qPrintable(QStringLiteral("%1 needs %2 × %3 in view %4")
                                    .arg(QString::fromStdString(name))
                                    .arg(least.width())
                                    .arg(least.height())
                                    .arg(view)));
        }
        const auto* scroll = find<QScrollArea>("schemeScroll");
        QVERIFY2(scroll->widget()->minimumSizeHint().width() <= scroll->viewport()->width(),
                 qPrintable(QStringLiteral("%1: %2 > %3")
                                .arg(QString::fromStdString(name))
                                .arg(scroll->widget()->minimumSizeHint().width())
                                .arg(scroll->viewport()->width())));
    }
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    window_->quantize();
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    QCOMPARE(window_->size(), small);
    QVERIFY(find<QWidget>("layerTree")->width() >= 240);
}

void TestMainWindow::an_edit_under_a_filter_reaches_the_selected_layer_only() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    window_->selectLayers({first_layer});
    auto* tree = window_->findChild<widgets::LayerTree*>();
    for (const char* text : {"role:q", "role:down", "bits<5"}) { // seen, hidden, hidden by the edit itself
        tree->setFilterText(QLatin1String(text));
        const json standard = window_->document().recipe()["default"];
        auto* bits = find<QSpinBox>("scheme_grid_bits");
        QTest::keyClick(bits, Qt::Key_Up);
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
        QCOMPARE(window_->document().recipe()["default"], standard);
        QCOMPARE(find<QLabel>("schemeTitle")->text(), first_layer);
    }
    const json scheme = window_->session()->scheme_of(window_->document().recipe(), first_layer.toStdString());
    QCOMPARE(scheme["grid"]["bits"], json(7));
}

void TestMainWindow::the_effect_of_several_layers_is_their_total() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    QStringList layers;
    double bytes = 0, weights = 0;
    for (const auto& layer : window_->session()->layers()) {
        if (!layer.in_default || layers.size() == 3) continue;
        layers << QString::fromStdString(layer.name);
        bytes += window_->session()->planned(layer.name, window_->document().recipe()).size;
        weights += double(layer.parameters);
    }
    window_->selectLayers(layers);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    const auto& effect = window_->findChild<widgets::SchemeInspector*>()->effect();
    QCOMPARE(effect.text(widgets::EffectPanel::size, false), widgets::size_text(bytes));
    QCOMPARE(effect.text(widgets::EffectPanel::bits, false), widgets::fixed_text(8 * bytes / weights, 2));
    QVERIFY(find<QLabel>("effectTitle")->text().contains(QLatin1String("3 LAYERS")));
}

void TestMainWindow::the_total_is_exact_once_every_layer_is_data() {
    QTest::addColumn<bool>("one_by_one");
    QTest::newRow("the model is quantized") << false;
    QTest::newRow("each layer has been shown and fitted alone") << true;
}

void TestMainWindow::the_total_is_exact_once_every_layer_is() {
    QFETCH(bool, one_by_one);
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    const QString embedding = QStringLiteral("model.embed_tokens"); // stays in float: exact from the beginning
    const QStringList layers{embedding, first_layer, QStringLiteral("model.layers.1.mlp.down_proj")};
    const auto said = [this] { return find<QLabel>("effectRemark")->text(); };
    const auto select = [&](const QStringList& names) {
        window_->selectLayers(names);
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    };
    select(layers);
    QVERIFY2(said().endsWith(QStringLiteral("3 layers together · estimated")), qPrintable(said()));
    if (one_by_one) {
        select({layers[1]});
        select({layers[2]});
        select(layers);
    } else {
        window_->quantize();
        QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 60'000);
    }
    QVERIFY2(said().endsWith(QStringLiteral("3 layers together · exact")), qPrintable(said()));
    double squares = 0, weights = 0;
    for (const QString& layer : layers) {
        Progress progress;
        const auto fit = window_->session()->fit_view(layer.toStdString(), window_->document().recipe(), progress);
        const double count = double(window_->findChild<widgets::LayerTree*>()->model().layer(layer)->parameters);
        QCOMPARE(fit == nullptr, layer == embedding);
        if (!fit) continue; // left in float: counts for the size alone
        squares += fit->result.mse * count;
        weights += count;
    }
    const auto& effect = window_->findChild<widgets::SchemeInspector*>()->effect();
    QCOMPARE(effect.text(widgets::EffectPanel::mse, false), widgets::number_text(squares / weights));
    select({layers[1]});
    find<QSpinBox>("scheme_grid_bits")->setValue(5);
    select({layers[2], QStringLiteral("model.layers.1.mlp.up_proj")}); // the second is not fitted under this recipe
    QVERIFY2(said().endsWith(QStringLiteral("2 layers together · estimated")), qPrintable(said()));
}

void TestMainWindow::layers_with_different_grids_keep_them_when_bits_are_set() {
    openTiny();
    window_->applyPreset(QStringLiteral("study-mlp-piecewise-w4"));
    const QString down = QStringLiteral("model.layers.0.mlp.down_proj");
    window_->selectLayers({first_layer, down});
    const int steps = window_->document().undoStack().count();
    auto* bits = find<QSpinBox>("scheme_grid_bits");
    QVERIFY(bits && bits->isVisible());
    QTest::keyClick(bits, Qt::Key_Down);
    QCOMPARE(window_->document().undoStack().count(), steps + 1);
    const auto grid = [this](const QString& layer) {
        return window_->session()->scheme_of(window_->document().recipe(), layer.toStdString())["grid"];
    };
    QCOMPARE(grid(first_layer)["name"], json("uniform"));
    QCOMPARE(grid(down)["name"], json("piecewise"));
    QCOMPARE(grid(first_layer)["bits"], json(3));
    QCOMPARE(grid(down)["bits"], json(3));
}

void TestMainWindow::a_cancelled_drag_leaves_the_scheme() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    window_->selectLayers({first_layer});
    window_->showView(MainWindow::weights_view);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
    const json before = window_->document().recipe();
    auto* weights = window_->findChild<widgets::WeightsView*>();
    const auto range = weights->histogram()->overlay();
    Q_EMIT weights->clip_dragged(first_layer, range.clip_low, 0.7 * double(range.clip_high), false);
    QVERIFY(window_->document().recipe() != before);
    Q_EMIT weights->drag_cancelled(first_layer);
    QCOMPARE(window_->document().recipe(), before); // searched, as it was, not a coefficient
    QVERIFY(!window_->document().undoStack().canRedo());
}

void TestMainWindow::opening_a_recipe_can_be_undone() {
    openTiny();
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    const json before = window_->document().recipe();
    const QString path = home_.filePath(QStringLiteral("mine.json"));
    window_->document().save(path);
    QVERIFY(!window_->isWindowModified());
    window_->applyPreset(QStringLiteral("piecewise-w3-channel"));
    QVERIFY(!window_->isWindowModified());
    window_->openRecipe(path);
    QCOMPARE(window_->document().recipe(), before);
    find<QAction>("action_undo")->trigger();
    QVERIFY(window_->document().recipe() != before);
    find<QAction>("action_redo")->trigger();
    QCOMPARE(window_->document().recipe(), before);
    QCOMPARE(window_->document().path(), path);
    QVERIFY(!window_->isWindowModified());
}

void TestMainWindow::presets_say_what_they_do() {
    openTiny();
    for (const auto& [name, recipe] : studio::Session::presets("llm")) {
        auto* action = find<QAction>(qPrintable(QStringLiteral("preset_") + QString::fromStdString(name)));
        QVERIFY2(action, name.c_str());
        QVERIFY(action->toolTip().size() > action->text().size() + 20);
        action->trigger();
        QCOMPARE(window_->document().recipe(), recipe);
    }
}

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
