// The window's making and its small doings.
#include "app/studio/main_window.h"

#include <QSettings>
#include <QTabWidget>
#include <QToolBar>

#include "app/studio/default_model.h"
#include "app/studio/message_bar.h"
#include "app/studio/recipe_edit.h"
#include "app/studio/welcome.h"
#include "core/schemes/parameter.h"
#include "widgets/compare/compare_view.h"
#include "widgets/images/images_view.h"
#include "widgets/inspector/scheme_inspector.h"
#include "widgets/jobs/jobs_panel.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/number_text.h"
#include "widgets/overview/overview_view.h"
#include "widgets/theme.h"
#include "widgets/weights/weights_view.h"

namespace quantscope {

MainWindow::MainWindow(QWidget* parent)
    : QMainWindow(parent) {
    setObjectName(QStringLiteral("mainWindow"));
    setAcceptDrops(true);
    buildViews();
    buildDocks();
    buildStatus();
    buildActions();
    buildMenus();
    buildToolBar();
    connectViews();
    // Estimates of all layers and the exact fit of the one shown wait until a drag has come to rest.
    for (QTimer* timer : {&estimate_timer_, &fit_timer_})
        timer->setSingleShot(true);
    estimate_timer_.setInterval(600);
    fit_timer_.setInterval(400);
    save_timer_.setSingleShot(true);
    save_timer_.setInterval(2000);
    connect(&estimate_timer_, &QTimer::timeout, this, &MainWindow::estimateAll);
    connect(&fit_timer_, &QTimer::timeout, this, &MainWindow::fitCurrent);
    connect(&save_timer_, &QTimer::timeout, this, &MainWindow::saveSession);

    const QSettings settings;
    resize(1280, 800);
    restoreGeometry(settings.value(QStringLiteral("geometry")).toByteArray());
    restoreState(settings.value(QStringLiteral("panels")).toByteArray());
    tree_->restoreColumnState(settings.value(QStringLiteral("columns")).toByteArray());
    welcome_->setDefaultModel(find_default_model(QCoreApplication::applicationDirPath()));
    welcome_->setRecent(settings.value(QStringLiteral("recent")).toStringList());
    findChild<QToolBar*>(QStringLiteral("jobBar"))->hide();
    updateActions();
}

MainWindow::~MainWindow() {
    disconnect(&document_, nullptr, this, nullptr); // members speak while they go, when the actions are gone already
    disconnect(&jobs_, nullptr, nullptr, nullptr);
    jobs_.cancelAll();
}

QStringList MainWindow::viewNames() {
    return {QStringLiteral("overview"), QStringLiteral("weights"), QStringLiteral("compare"), QStringLiteral("images")};
}

bool MainWindow::offers(View view) const {
    if (!session_) return false;
    if (view == compare_view) return session_->card().can_evaluate;
    return view != images_view || session_->samples_images();
}

void MainWindow::showView(View view) { views_->setCurrentIndex(view); }

void MainWindow::selectLayers(const QStringList& layers) { tree_->select(layers); }

bool MainWindow::isIdle() const {
    return !jobs_.isBusy(JobRunner::Lane::person) && !jobs_.isBusy(JobRunner::Lane::background) && !plan_task_.busy() &&
           !estimate_task_.busy() && !fit_task_.busy() && !selection_task_.busy() && !estimate_timer_.isActive() &&
           !fit_timer_.isActive();
}

void MainWindow::showJob(const widgets::JobState& job) {
    jobs_panel_->setJob(job);
    auto* bar = findChild<QToolBar*>(QStringLiteral("jobBar"));
    const bool shown = !job.is_over() && (!job.background || jobs_.current() == 0);
    if (shown) {
        job_line_->setJob(job);
        bar->show();
    } else if (job.is_over() && job_line_->job().id == job.id) {
        // What a person waited for says how it ended, for as long as it takes to read.
        const bool worth_reading = !job.background && (job.phase != widgets::JobState::Phase::done || job.seconds >= 1);
        job_line_->setJob(job);
        if (!worth_reading) bar->hide();
        QTimer::singleShot(6000, bar, [this, bar, id = job.id] {
            if (job_line_->job().id == id) bar->hide();
        });
    }
    if (job.is_over() && job.id == images_job_) {
        images_job_ = 0;
        images_->setBusy(false);
    }
    if (job.is_over() && (job.id == compare_job_ || job.id == write_job_)) { // either can end while the other goes on
        (job.id == compare_job_ ? compare_job_ : write_job_) = 0;
        compare_->setBusy(compare_job_ != 0, write_job_ != 0);
    }
    if (job.phase == widgets::JobState::Phase::failed)
        message_->tell(job.title + QStringLiteral(": ") + job.text, MessageBar::Tone::error, job.details);
    actions_.value(QStringLiteral("cancel"))->setEnabled(jobs_.current() != 0);
}

} // namespace quantscope
