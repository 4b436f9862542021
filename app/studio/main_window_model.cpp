// Opening and closing models, measuring them, and what is remembered from one time to the next.
#include <QCloseEvent>
#include <QCryptographicHash>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QMimeData>
#include <QSaveFile>
#include <QSettings>
#include <QStackedWidget>
#include <QStandardPaths>
#include <QTabWidget>

#include "app/studio/main_window.h"
#include "app/studio/message_bar.h"
#include "app/studio/welcome.h"
#include "widgets/compare/compare_view.h"
#include "widgets/elided_label.h"
#include "widgets/images/images_view.h"
#include "widgets/inspector/scheme_inspector.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/number_text.h"
#include "widgets/overview/overview_view.h"
#include "widgets/weights/weights_view.h"

namespace quantscope {

using nlohmann::json;

namespace {

constexpr int kept_recent = 12;

/// Where a model's session is remembered; one file for each model's path.
QString session_file(const QString& model) {
    const QByteArray hash = QCryptographicHash::hash(model.toUtf8(), QCryptographicHash::Sha256).toHex().left(24);
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/sessions/") +
           QString::fromLatin1(hash) + QStringLiteral(".json");
}

} // namespace

void MainWindow::open(const QString& path) {
    const QFileInfo info(path);
    if (session_ && info.suffix() == u"json" && !info.fileName().endsWith(QLatin1String(".safetensors.index.json")))
        return openRecipe(path);
    if (!mayDropChanges()) return;
    if (open_job_) jobs_.cancel(open_job_); // the last one asked for wins
    opening_ = info.absoluteFilePath();
    welcome_->setOpening(opening_);
    open_job_ = jobs_.start<std::shared_ptr<studio::Session>>(
        QStringLiteral("Open %1").arg(info.fileName()), JobRunner::Lane::person,
        [target = opening_.toStdString()](Progress& progress) { return studio::Session::open(target, progress); },
        [this](std::shared_ptr<studio::Session> session) {
            open_job_ = 0;
            setSession(std::move(session));
        },
        [this](const QString& error) {
            open_job_ = 0;
            welcome_->setOpening({});
            message_->tell(error);
            Q_EMIT openFailed(error);
        });
}

void MainWindow::setSession(std::shared_ptr<studio::Session> session) {
    saveSession();
    if (measure_job_) jobs_.cancel(measure_job_);
    if (estimate_job_) jobs_.cancel(estimate_job_);
    measure_job_ = estimate_job_ = 0;
    for (widgets::LatestTask* task : {&plan_task_, &estimate_task_, &fit_task_, &selection_task_})
        task->cancel();
    session_ = std::move(session);
    measures_.clear();
    current_.clear();
    selection_.clear();
    estimate_ = {};
    full_range_.reset();
    weights_->set_session(session_);
    overview_->set_session(session_);
    compare_->clear();
    images_->clear();
    inspector_->setModelOpen(session_ != nullptr);
    tree_->setLayers(session_ ? session_->layers() : std::vector<studio::LayerRow>{});
    stack_->setCurrentIndex(session_ ? 1 : 0);
    welcome_->setOpening({});
    if (!session_) {
        model_label_->clear();
        totals_label_->clear();
        return updateActions();
    }
    const studio::ModelCard& card = session_->card();
    rememberRecent(QString::fromStdString(card.path));
    model_label_->setText(QStringLiteral("%1 · %2 · %3 parameters")
                              .arg(QString::fromStdString(card.name), QString::fromStdString(card.format),
                                   widgets::count_text(double(card.parameters))));
    QString tip = QString::fromStdString(card.path) + u'\n' + QString::fromStdString(card.tokenizer);
    for (const auto& remark : card.remarks)
        tip += u'\n' + QString::fromStdString(remark);
    model_label_->setToolTip(tip);
    compare_->setAvailable(card.can_evaluate, QString::fromStdString(card.why_not_evaluated));
    compare_->setHasChatTemplate(card.has_chat_template);
    fillPresets();
    message_->hide();

    const json saved = savedSession(QString::fromStdString(card.path));
    json recipe = saved.value("recipe", json());
    if (!recipe.is_object()) recipe = studio::Session::presets(card.kind).front().second;
    document_.reset(recipe, QString::fromStdString(saved.value("recipe_path", std::string())),
                    saved.value("clean", true));
    offerModels();
    if (saved.contains("images")) images_->restore(saved["images"]);
    if (saved.contains("compare") && saved.value("file_bytes", std::uint64_t(0)) == card.file_bytes)
        compare_->restore(saved["compare"]); // measurements of another file under this path are none of this one's
    QStringList selected;
    for (const auto& name : saved.value("selected", json::array()))
        if (name.is_string()) selected << QString::fromStdString(name.get<std::string>());
    selected.removeIf([this](const QString& name) { return !tree_->model().layer(name); });
    if (selected.isEmpty())
        for (const auto& layer : session_->layers())
            if (layer.in_default) {
                selected << QString::fromStdString(layer.name);
                break;
            }
    tree_->select(selected);
    showView(View(std::clamp(saved.value("view", int(overview_view)), 0, int(viewNames().size()) - 1)));
    measureAll();
    Q_EMIT modelOpened();
}

void MainWindow::measureAll() {
    measure_job_ = jobs_.start<bool>(
        QStringLiteral("Measure layers"), JobRunner::Lane::background,
        [this, session = session_](Progress& progress) {
            session->measure_all(
                [this, session](const std::string& layer, const studio::LayerMeasures& found) {
                    QMetaObject::invokeMethod(this, [this, session, layer, found] {
                        if (session != session_) return;
                        const QString name = QString::fromStdString(layer);
                        studio::LayerMeasures& known = measures_[name];
                        known.outlier_score = found.outlier_score;
                        known.kurtosis = found.kurtosis;
                        known.absmax = found.absmax;
                        known.standard_deviation = found.standard_deviation;
                        tree_->setMeasures(name, found);
                        overview_->set_measure(name, known);
                        if (name == current_) estimateCurrent();
                    });
                },
                progress);
            return true;
        },
        [this](bool) {
            measure_job_ = 0;
            plan();
            estimateAll();
        });
}

void MainWindow::closeModel() {
    if (session_ && mayDropChanges()) setSession(nullptr);
}

void MainWindow::askForFile() {
    const QString path = QFileDialog::getOpenFileName(
        this, QStringLiteral("Open a model"), QSettings().value(QStringLiteral("folder")).toString(),
        QStringLiteral(
            "Models (*.gguf *.safetensors *.safetensors.index.json *.bin *.bin.index.json *.pt *.pth);;All files (*)"));
    if (!path.isEmpty()) open(path);
}

void MainWindow::askForFolder() {
    const QString path = QFileDialog::getExistingDirectory(this, QStringLiteral("Open a model folder"),
                                                           QSettings().value(QStringLiteral("folder")).toString());
    if (!path.isEmpty()) open(path);
}

void MainWindow::rememberRecent(const QString& path) {
    QSettings settings;
    QStringList recent = settings.value(QStringLiteral("recent")).toStringList();
    recent.removeAll(path);
    recent.prepend(path);
    settings.setValue(QStringLiteral("recent"), QStringList(recent.mid(0, kept_recent)));
    settings.setValue(QStringLiteral("folder"), QFileInfo(path).absolutePath());
    settings.setValue(QStringLiteral("last"), path);
    welcome_->setRecent(recent);
}

void MainWindow::restoreLast() {
    const QString last = QSettings().value(QStringLiteral("last")).toString();
    if (!last.isEmpty() && QFileInfo::exists(last)) open(last);
}

void MainWindow::setDefaultModel(const QString& path) { welcome_->setDefaultModel(path); }

void MainWindow::saveSession() const {
    if (!session_) return;
    const QString model = QString::fromStdString(session_->card().path);
    json saved{{"model", model.toStdString()},
               {"recipe", document_.recipe()},
               {"recipe_path", document_.path().toStdString()},
               {"clean", !document_.isModified()},
               {"view", views_->currentIndex()},
               {"selected", json::array()},
               {"file_bytes", session_->card().file_bytes},
               {"compare", compare_->state()},
               {"images", images_->state()}};
    for (const QString& name : selection_)
        saved["selected"].push_back(name.toStdString());
    const QString path = session_file(model);
    QDir().mkpath(QFileInfo(path).absolutePath());
    QSaveFile file(path); // written whole or not at all; a session that cannot be remembered is no reason to complain
    if (file.open(QIODevice::WriteOnly)) {
        // A text's file name may be no UTF-8, which JSON does not hold.
        file.write(QByteArray::fromStdString(saved.dump(-1, ' ', false, json::error_handler_t::replace)));
        file.commit();
    }
}

json MainWindow::savedSession(const QString& path) const {
    QFile file(session_file(path));
    if (!file.open(QIODevice::ReadOnly)) return json::object();
    const QByteArray text = file.readAll();
    json saved = json::parse(text.cbegin(), text.cend(), nullptr, false);
    return saved.is_object() ? saved : json::object();
}

bool MainWindow::mayDropChanges() {
    if (!session_ || !document_.isModified() || document_.path().isEmpty()) return true; // the session file keeps it
    const auto answer = QMessageBox::question(
        this, QStringLiteral("Save the recipe?"),
        QStringLiteral("The recipe “%1” has changes that are not saved to %2.").arg(document_.name(), document_.path()),
        QMessageBox::Save | QMessageBox::Discard | QMessageBox::Cancel, QMessageBox::Save);
    if (answer == QMessageBox::Save) return saveRecipe(false);
    return answer == QMessageBox::Discard;
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (!mayDropChanges()) return event->ignore();
    saveSession();
    QSettings settings;
    settings.setValue(QStringLiteral("geometry"), saveGeometry());
    settings.setValue(QStringLiteral("panels"), saveState());
    settings.setValue(QStringLiteral("columns"), tree_->columnState());
    if (!session_) settings.remove(QStringLiteral("last"));
    jobs_.cancelAll();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) return event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) {
            event->acceptProposedAction();
            return open(url.toLocalFile());
        }
}

} // namespace quantscope
