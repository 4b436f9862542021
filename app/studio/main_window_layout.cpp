// The window's panels and how their signals are connected.
#include <QDockWidget>
#include <QLabel>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTabWidget>
#include <QToolBar>
#include <QVBoxLayout>

#include "app/studio/main_window.h"
#include "app/studio/message_bar.h"
#include "app/studio/recipe_edit.h"
#include "app/studio/welcome.h"
#include "widgets/compare/compare_view.h"
#include "widgets/elided_label.h"
#include "widgets/images/images_view.h"
#include "widgets/inspector/scheme_inspector.h"
#include "widgets/jobs/jobs_panel.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/overview/overview_view.h"
#include "widgets/theme.h"
#include "widgets/weights/weights_view.h"

namespace quantscope {

void MainWindow::buildViews() {
    overview_ = new widgets::OverviewView;
    weights_ = new widgets::WeightsView;
    compare_ = new widgets::CompareView;
    images_ = new widgets::ImagesView;
    views_ = new QTabWidget;
    views_->setObjectName(QStringLiteral("views"));
    views_->setDocumentMode(true);
    views_->setAccessibleName(QStringLiteral("Views"));
    views_->addTab(overview_, QStringLiteral("Overview"));
    views_->addTab(weights_, QStringLiteral("Weights"));
    views_->addTab(compare_, QStringLiteral("Compare"));
    views_->addTab(images_, QStringLiteral("Images"));
    views_->setTabToolTip(overview_view, QStringLiteral("All layers by one measure (Ctrl+1)"));
    views_->setTabToolTip(weights_view, QStringLiteral("One layer's weights and its grid (Ctrl+2)"));
    views_->setTabToolTip(compare_view, QStringLiteral("Perplexity, divergence and text (Ctrl+3)"));
    views_->setTabToolTip(images_view, QStringLiteral("The same images from every model (Ctrl+4)"));

    welcome_ = new Welcome;
    stack_ = new QStackedWidget;
    stack_->setMinimumWidth(480); // a narrow window takes from its panels first
    stack_->addWidget(welcome_);
    stack_->addWidget(views_);
    message_ = new MessageBar;
    auto* centre = new QWidget;
    auto* layout = new QVBoxLayout(centre);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(message_);
    layout->addWidget(stack_, 1);
    setCentralWidget(centre);
}

void MainWindow::buildDocks() {
    const auto dock = [this](const QString& title, const char* name, QWidget* content, Qt::DockWidgetArea area) {
        auto* made = new QDockWidget(title, this);
        made->setObjectName(QLatin1String(name));
        made->setWidget(content);
        addDockWidget(area, made);
        return made;
    };
    tree_ = new widgets::LayerTree;
    inspector_ = new widgets::SchemeInspector(all_members());
    jobs_panel_ = new widgets::JobsPanel;
    tree_->setMinimumWidth(240); // with these the window still fits a screen of 1024 × 700 pixels
    inspector_->setMinimumWidth(252);
    layers_dock_ = dock(QStringLiteral("Layers"), "layersDock", tree_, Qt::LeftDockWidgetArea);
    scheme_dock_ = dock(QStringLiteral("Scheme"), "schemeDock", inspector_, Qt::RightDockWidgetArea);
    jobs_dock_ = dock(QStringLiteral("Jobs"), "jobsDock", jobs_panel_, Qt::BottomDockWidgetArea);
    jobs_dock_->hide();
    setDockNestingEnabled(true);
    setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::BottomDockWidgetArea);
    resizeDocks({layers_dock_, scheme_dock_}, {286, 292}, Qt::Horizontal);
    resizeDocks({jobs_dock_}, {140}, Qt::Vertical);

    // The job at work, in one line above the status bar; the Jobs panel has all of them.
    job_line_ = new widgets::JobLine;
    job_line_->setObjectName(QStringLiteral("jobLine"));
    auto* line = new QToolBar(QStringLiteral("Job at work"));
    line->setObjectName(QStringLiteral("jobBar"));
    line->setMovable(false);
    line->toggleViewAction()->setVisible(false);
    line->addWidget(job_line_);
    job_line_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    addToolBar(Qt::BottomToolBarArea, line);
    line->hide();
}

void MainWindow::buildStatus() {
    model_label_ = new widgets::ElidedLabel;
    model_label_->setObjectName(QStringLiteral("statusModel"));
    totals_label_ = new QLabel;
    totals_label_->setObjectName(QStringLiteral("statusTotals"));
    model_label_->setContentsMargins(8, 2, 8, 2);
    totals_label_->setContentsMargins(8, 2, 8, 2);
    statusBar()->addWidget(model_label_, 1);
    statusBar()->addPermanentWidget(totals_label_);
    statusBar()->setSizeGripEnabled(false);
}

void MainWindow::connectViews() {
    connect(welcome_, &Welcome::openRequested, this, [this](const QString& path) {
        if (path.isEmpty())
            askForFile();
        else
            open(path);
    });
    connect(welcome_, &Welcome::openFolderRequested, this, &MainWindow::askForFolder);
    connect(tree_, &widgets::LayerTree::selectionChanged, this, &MainWindow::selectionChanged);
    connect(overview_, &widgets::OverviewView::layer_activated, this,
            [this](const QString& layer) { tree_->select({layer}); });
    connect(views_, &QTabWidget::currentChanged, this, [this] {
        if (session_ && !current_.isEmpty() && views_->currentIndex() == weights_view && weights_->layer() != current_)
            weights_->show_layer(current_);
    });

    connect(inspector_, &widgets::SchemeInspector::memberChosen, this, &MainWindow::editMember);
    connect(inspector_, &widgets::SchemeInspector::parameterEdited, this, &MainWindow::editParameter);
    connect(inspector_, &widgets::SchemeInspector::quantizeToggled, this, [this](bool on) {
        document_.change(on ? recipe_edit::quantized(document_.recipe(), selection_)
                            : recipe_edit::left_in_float(document_.recipe(), selection_),
                         on ? QStringLiteral("quantize %1").arg(layersText())
                            : QStringLiteral("leave %1 in float").arg(layersText()));
    });
    connect(inspector_, &widgets::SchemeInspector::resetRequested, this, [this] {
        document_.change(recipe_edit::without_own_entries(document_.recipe(), selection_),
                         QStringLiteral("reset %1").arg(layersText()));
    });
    connect(weights_, &widgets::WeightsView::clip_dragged, this, &MainWindow::dragClip);
    connect(weights_, &widgets::WeightsView::breakpoint_dragged, this, &MainWindow::dragBreakpoint);
    connect(weights_, &widgets::WeightsView::drag_cancelled, this, &MainWindow::cancelDrag);
    connect(tree_, &widgets::LayerTree::compareRequested, weights_, &widgets::WeightsView::toggle_after);
    connect(weights_, &widgets::WeightsView::failed, this, [this](const QString& text) { message_->tell(text); });
    connect(weights_, &widgets::WeightsView::drawn, this, [this](const QString& layer) {
        if (layer == current_) estimateCurrent(); // its statistics are there now
    });

    connect(compare_, &widgets::CompareView::evaluateRequested, this, &MainWindow::compareAll);
    connect(compare_, &widgets::CompareView::textRequested, this, &MainWindow::compareText);
    connect(compare_, &widgets::CompareView::stopEvaluateRequested, this, [this] { jobs_.cancel(compare_job_); });
    connect(compare_, &widgets::CompareView::stopTextRequested, this, [this] { jobs_.cancel(write_job_); });
    compare_->setCandidates([this](std::size_t column, std::size_t position) {
        return session_ ? session_->candidates(column, position) : std::vector<studio::TokenCandidate>{};
    });

    connectImages();
    connect(&jobs_, &JobRunner::changed, this, &MainWindow::showJob);
    connect(&jobs_, &JobRunner::logged, jobs_panel_, &widgets::JobsPanel::addLog);
    connect(jobs_panel_, &widgets::JobsPanel::cancelRequested, &jobs_, &JobRunner::cancel);
    connect(job_line_, &widgets::JobLine::cancelRequested, &jobs_, &JobRunner::cancel);
    connect(&document_, &RecipeDocument::changed, this, &MainWindow::recipeChanged);
    connect(&document_, &RecipeDocument::documentChanged, this, &MainWindow::updateActions);
    for (widgets::LatestTask* task : {&plan_task_, &estimate_task_, &fit_task_, &selection_task_})
        connect(task, &widgets::LatestTask::failed, this, [this](const QString& text) { message_->tell(text); });
}

} // namespace quantscope
