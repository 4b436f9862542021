// Everything a person can start: actions with their keys, menus and the tool bar.
#include <QActionGroup>
#include <QApplication>
#include <QDockWidget>
#include <QFileInfo>
#include <QLabel>
#include <QMenuBar>
#include <QMessageBox>
#include <QSettings>
#include <QTabWidget>
#include <QThread>
#include <QToolBar>
#include <QToolButton>

#include "app/studio/main_window.h"
#include "app/studio/message_bar.h"
#include "core/recipe/recipe.h"
#include "widgets/compare/compare_view.h"
#include "widgets/images/images_view.h"
#include "widgets/inspector/scheme_inspector.h"
#include "widgets/jobs/jobs_panel.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/theme.h"

namespace quantscope {

QAction* MainWindow::addAction(const QString& name, const QString& text, const char* icon, const QKeySequence& keys,
                               const QString& tip, std::function<void()> run) {
    auto* action = new QAction(text, this);
    action->setObjectName(QStringLiteral("action_") + name);
    if (*icon) action->setIcon(widgets::themed_icon(QLatin1String(icon)));
    action->setShortcut(keys);
    QString help = tip;
    if (!keys.isEmpty()) help += QStringLiteral(" (%1)").arg(keys.toString(QKeySequence::NativeText));
    action->setToolTip(help);
    action->setStatusTip(tip);
    if (run) connect(action, &QAction::triggered, this, run);
    QMainWindow::addAction(action); // its keys work though the menu is closed
    actions_.insert(name, action);
    return action;
}

void MainWindow::buildActions() {
    using Keys = QKeySequence;
    addAction("open", "&Open model…", "document-open", Keys::Open, "Open a model file", [this] { askForFile(); });
    addAction("openFolder", "Open model &folder…", "document-open", Keys("Ctrl+Shift+O"), "Open a Hugging Face folder",
              [this] { askForFolder(); });
    addAction("close", "&Close model", "window-close", Keys("Ctrl+W"), "Close the model", [this] { closeModel(); });
    addAction("quit", "&Quit", "", Keys("Ctrl+Q"), "Close the studio", [this] { close(); });
    addAction("openRecipe", "Open &recipe…", "document-import", Keys("Ctrl+Alt+O"), "Open a recipe file",
              [this] { openRecipeDialog(); });
    addAction("saveRecipe", "&Save recipe", "document-save", Keys::Save, "Save the recipe",
              [this] { saveRecipe(false); });
    addAction("saveRecipeAs", "Save recipe &as…", "document-save-as", Keys("Ctrl+Shift+S"),
              "Save the recipe under another name", [this] { saveRecipe(true); });

    auto* undo = document_.undoStack().createUndoAction(this, QStringLiteral("Undo"));
    auto* redo = document_.undoStack().createRedoAction(this, QStringLiteral("Redo"));
    undo->setShortcut(Keys("Ctrl+Z"));
    redo->setShortcuts({Keys("Ctrl+Y"), Keys("Ctrl+Shift+Z")});
    undo->setIcon(widgets::themed_icon(QStringLiteral("edit-undo")));
    redo->setIcon(widgets::themed_icon(QStringLiteral("edit-redo")));
    undo->setObjectName(QStringLiteral("action_undo"));
    redo->setObjectName(QStringLiteral("action_redo"));
    actions_.insert("undo", undo);
    actions_.insert("redo", redo);
    QMainWindow::addAction(undo);
    QMainWindow::addAction(redo);

    addAction("find", "&Find layers", "edit-find", Keys::Find, "Filter the layer tree", [this] {
        layers_dock_->show();
        layers_dock_->raise();
        tree_->focusFilter();
    });
    addAction("selectNone", "Edit the recipe's &default", "", Keys("Ctrl+D"),
              "Edit what layers without own settings take", [this] { tree_->select({}); });
    addAction("quantize", "&Quantize", "media-playback-start", Keys("Ctrl+R"),
              "Quantize every layer that the recipe covers, in the background", [this] { quantize(); });
    addAction("compare", "&Compare", "office-chart-bar", Keys("Ctrl+Return"),
              "Measure the ticked models: perplexity and divergence, or images", [this] {
                  if (session_ && session_->samples_images()) {
                      showView(images_view);
                      return images_->generate();
                  }
                  showView(compare_view);
                  compareAll();
              });
    addAction("cancel", "C&ancel the job at work", "process-stop", Keys("Ctrl+."), "Stop the job at work",
              [this] { jobs_.cancel(jobs_.current()); });
    addAction("export", "&Export model…", "document-export", Keys("Ctrl+E"), "Write the quantized model",
              [this] { exportModelDialog(); });
    addAction("exportReport", "Export &report…", "document-export", Keys("Ctrl+Shift+E"),
              "Write an HDF5 report with statistics, errors and comparisons", [this] { exportReportDialog(); });

    const char* const views[] = {"&Overview", "&Weights", "&Compare", "&Images"};
    for (int view = 0; view < viewNames().size(); ++view)
        addAction(QStringLiteral("view%1").arg(view), QString::fromUtf8(views[view]), "",
                  Keys(QStringLiteral("Ctrl+%1").arg(view + 1)), QStringLiteral("Show this view"),
                  [this, view] { showView(View(view)); });
    const auto panel = [this](const char* name, QDockWidget* dock, const char* keys) {
        QAction* action = dock->toggleViewAction();
        action->setObjectName(QStringLiteral("action_") + QLatin1String(name));
        action->setShortcut(QKeySequence(QLatin1String(keys)));
        actions_.insert(QLatin1String(name), action);
        QMainWindow::addAction(action);
    };
    panel("layersPanel", layers_dock_, "Ctrl+Shift+L");
    panel("schemePanel", scheme_dock_, "Ctrl+Shift+I");
    panel("jobsPanel", jobs_dock_, "Ctrl+J");
    addAction("focusLayers", "Go to the layers", "", Keys("Ctrl+L"), "Move the keyboard to the layer tree",
              [this] { tree_->findChild<QWidget*>(QStringLiteral("layerView"))->setFocus(Qt::ShortcutFocusReason); });
    addAction(
        "focusScheme", "Go to the scheme", "", Keys("Ctrl+I"), "Move the keyboard to the scheme inspector",
        [this] { inspector_->findChild<QWidget*>(QStringLiteral("scheme_grid"))->setFocus(Qt::ShortcutFocusReason); });
    addAction("theme", "Switch light and &dark", "color-management", Keys("Ctrl+T"), "Switch between light and dark",
              [] {
                  using widgets::ThemeChoice;
                  const bool dark = widgets::Theme::current().dark;
                  widgets::ThemeNotifier::instance().apply(dark ? ThemeChoice::light : ThemeChoice::dark);
              });
    addAction("shortcuts", "&Keys", "help-contextual", Keys("F1"), "Show every key", [this] { showShortcuts(); });
    addAction("about", "&About Quantscope", "help-about", {}, "Version and licence", [this] { showAbout(); });
}

void MainWindow::buildMenus() {
    const auto fill = [this](QMenu* menu, std::initializer_list<const char*> names) {
        for (const char* name : names) {
            if (*name)
                menu->addAction(actions_.value(QLatin1String(name)));
            else
                menu->addSeparator();
        }
        menu->setToolTipsVisible(true);
        return menu;
    };
    QMenu* file = menuBar()->addMenu(QStringLiteral("&File"));
    recent_menu_ = new QMenu(QStringLiteral("Open &recent"), this);
    connect(recent_menu_, &QMenu::aboutToShow, this, &MainWindow::fillRecent);
    fill(file, {"open", "openFolder"});
    file->addMenu(recent_menu_);
    fill(file, {"close", "", "export", "exportReport", "", "quit"});

    preset_menu_ = new QMenu(QStringLiteral("&Presets"), this);
    preset_menu_->setToolTipsVisible(true);
    fillPresets();
    QMenu* recipe = menuBar()->addMenu(QStringLiteral("&Recipe"));
    recipe->setObjectName(QStringLiteral("recipeMenu"));
    recipe->addMenu(preset_menu_);
    fill(recipe, {"openRecipe", "saveRecipe", "saveRecipeAs", "", "undo", "redo", "", "selectNone"});
    fill(menuBar()->addMenu(QStringLiteral("&Model")), {"find", "", "quantize", "compare", "", "cancel"});
    QMenu* view = fill(menuBar()->addMenu(QStringLiteral("&View")),
                       {"view0", "view1", "view2", "view3", "", "layersPanel", "schemePanel", "jobsPanel", "",
                        "focusLayers", "focusScheme", "", "theme"});
    auto* themes = new QActionGroup(this);
    using widgets::ThemeChoice;
    for (const auto& [text, choice] : std::initializer_list<std::pair<const char*, ThemeChoice>>{
             {"Follow the system", ThemeChoice::system}, {"Light", ThemeChoice::light}, {"Dark", ThemeChoice::dark}}) {
        QAction* action = view->addAction(QLatin1String(text));
        action->setCheckable(true);
        themes->addAction(action);
        action->setChecked(widgets::ThemeNotifier::instance().choice() == choice);
        connect(action, &QAction::triggered, this,
                [choice = choice] { widgets::ThemeNotifier::instance().apply(choice); });
        connect(
            &widgets::ThemeNotifier::instance(), &widgets::ThemeNotifier::changed, action,
            [action, choice = choice] { action->setChecked(widgets::ThemeNotifier::instance().choice() == choice); });
    }
    fill(menuBar()->addMenu(QStringLiteral("&Help")), {"shortcuts", "about"});
}

void MainWindow::fillPresets() {
    preset_menu_->clear();
    for (const Preset& preset : presets_for(session_ ? session_->card().kind : "llm")) {
        const QString name = QString::fromStdString(preset.name), help = QString::fromStdString(preset.help);
        QAction* action = preset_menu_->addAction(QString::fromStdString(preset.label));
        action->setObjectName(QStringLiteral("preset_") + name);
        QString tip = QStringLiteral("<b>%1</b><br>%2").arg(name.toHtmlEscaped(), help.toHtmlEscaped());
        if (!preset.source.empty())
            tip += QStringLiteral("<br><i>%1</i>").arg(QString::fromStdString(preset.source).toHtmlEscaped());
        action->setToolTip(tip);
        action->setStatusTip(help);
        connect(action, &QAction::triggered, this, [this, name] { applyPreset(name); });
    }
    compare_->setPresets(studio::Session::presets(session_ ? session_->card().kind : "llm"));
}

void MainWindow::buildToolBar() {
    auto* bar = addToolBar(QStringLiteral("Tools"));
    bar->setObjectName(QStringLiteral("toolBar"));
    bar->setMovable(false);
    bar->setToolButtonStyle(Qt::ToolButtonTextOnly);
    const auto menu_button = [this, bar](const char* text, const char* name, const QString& tip,
                                         std::initializer_list<const char*> names) {
        auto* button = new QToolButton;
        button->setText(QLatin1String(text));
        button->setObjectName(QLatin1String(name));
        button->setToolTip(tip);
        button->setPopupMode(QToolButton::InstantPopup);
        button->setProperty("menuButton", true);
        auto* menu = new QMenu(button);
        for (const char* action : names)
            menu->addAction(actions_.value(QLatin1String(action)));
        button->setMenu(menu);
        button->setStyleSheet(QStringLiteral("QToolButton { padding-right: 22px; }"));
        button->setFocusPolicy(Qt::TabFocus);
        bar->addWidget(button);
        return menu;
    };
    const auto gap = [bar](int width) {
        auto* space = new QWidget;
        space->setFixedWidth(width);
        bar->addWidget(space);
    };
    menu_button("Open", "toolOpen", QStringLiteral("Open a model"), {"open", "openFolder"})->addMenu(recent_menu_);
    QMenu* recipe = menu_button("Recipe", "toolRecipe", QStringLiteral("Presets, and the recipe's file"),
                                {"openRecipe", "saveRecipe", "saveRecipeAs"});
    recipe->insertMenu(recipe->actions().first(), preset_menu_);
    bar->addAction(actions_.value("undo"));
    bar->addAction(actions_.value("redo"));
    for (const char* name : {"undo", "redo"}) {
        auto* button = qobject_cast<QToolButton*>(bar->widgetForAction(actions_.value(QLatin1String(name))));
        button->setToolButtonStyle(Qt::ToolButtonIconOnly);
        button->setProperty("flat", true);
        button->setFocusPolicy(Qt::TabFocus);
    }
    gap(28);
    for (const char* name : {"quantize", "compare"}) {
        bar->addAction(actions_.value(QLatin1String(name)));
        auto* button = bar->widgetForAction(actions_.value(QLatin1String(name)));
        button->setProperty("primary", QLatin1String(name) == QLatin1String("quantize"));
        button->setFocusPolicy(Qt::TabFocus);
    }
    menu_button("Export", "toolExport", QStringLiteral("Write the model or a report"), {"export", "exportReport"});
    auto* space = new QWidget;
    space->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(space);
    auto* device = new QLabel(QStringLiteral("CPU · %1 threads").arg(QThread::idealThreadCount()));
    device->setProperty("tone", QStringLiteral("secondary"));
    device->setContentsMargins(0, 0, 8, 0);
    bar->addWidget(device);
    bar->addAction(actions_.value("theme"));
    auto* theme = qobject_cast<QToolButton*>(bar->widgetForAction(actions_.value("theme")));
    theme->setToolButtonStyle(Qt::ToolButtonIconOnly);
    theme->setProperty("flat", true);
}

void MainWindow::updateActions() {
    const bool open = session_ != nullptr;
    for (const char* name : {"close", "openRecipe", "saveRecipe", "saveRecipeAs", "find", "selectNone", "quantize",
                             "export", "exportReport"})
        actions_.value(QLatin1String(name))->setEnabled(open);
    actions_.value("compare")->setEnabled(open && (session_->card().can_evaluate || session_->samples_images()));
    actions_.value("cancel")->setEnabled(jobs_.current() != 0);
    preset_menu_->setEnabled(open);
    for (const char* name : {"toolRecipe", "toolExport"})
        if (auto* button = findChild<QToolButton*>(QLatin1String(name))) button->setEnabled(open);
    const QString model = open ? QString::fromStdString(session_->card().name) : QString();
    setWindowTitle(open ? QStringLiteral("%1 · %2[*] – Quantscope").arg(model, document_.name())
                        : QStringLiteral("Quantscope"));
    setWindowModified(open && document_.isModified());
}

void MainWindow::fillRecent() {
    recent_menu_->clear();
    const QStringList recent = QSettings().value(QStringLiteral("recent")).toStringList();
    for (const QString& path : recent) {
        QAction* action = recent_menu_->addAction(QFileInfo(path).fileName());
        action->setToolTip(path);
        action->setEnabled(QFileInfo::exists(path));
        connect(action, &QAction::triggered, this, [this, path] { open(path); });
    }
    if (recent.isEmpty()) recent_menu_->addAction(QStringLiteral("nothing opened yet"))->setEnabled(false);
}

void MainWindow::showAbout() {
    QMessageBox box(this);
    box.setWindowTitle(QStringLiteral("About Quantscope"));
    box.setText(
        QStringLiteral("<b>Quantscope %1</b><br>Decide how a neural network gets small: look at its weights, choose "
                       "schemes layer by layer, quantize, compare, export.")
            .arg(QApplication::applicationVersion()));
    box.setInformativeText(QStringLiteral("Free software under the GNU General Public License, version 3 or later.<br>"
                                          "Built with Qt %1, QCustomPlot, libtorch and HDF5.")
                               .arg(QLatin1String(qVersion())));
    box.exec();
}

void MainWindow::showShortcuts() {
    QString table = QStringLiteral("<table cellspacing=6>");
    QStringList rows;
    for (const QAction* action : std::as_const(actions_)) {
        if (action->shortcut().isEmpty()) continue;
        rows << QStringLiteral("<tr><td><b>%1</b></td><td>%2</td></tr>")
                    .arg(action->shortcut().toString(QKeySequence::NativeText),
                         action->text().remove(u'&').toHtmlEscaped());
    }
    rows.sort();
    table += rows.join(QString()) + QStringLiteral("<tr><td><b>Space</b></td><td>a layer's histogram "
                                                   "before or after quantization</td></tr>"
                                                   "<tr><td><b>Esc</b></td><td>takes a drag back, empties the "
                                                   "filter</td></tr>"
                                                   "<tr><td><b>L  R</b></td><td>counts' scale and full range in the "
                                                   "histogram</td></tr>"
                                                   "<tr><td><b>←  →</b></td><td>next token in a compared text</td></tr>"
                                                   "<tr><td><b>0  +  −</b></td><td>zoom in a plot</td></tr></table>");
    QMessageBox box(this);
    box.setWindowTitle(QStringLiteral("Keys"));
    box.setText(table);
    box.exec();
}

} // namespace quantscope
