// Quantizing, comparing and exporting, each as a job.
#include <QFileDialog>
#include <QTabWidget>

#include "app/studio/export_dialog.h"
#include "app/studio/main_window.h"
#include "app/studio/message_bar.h"
#include "widgets/compare/compare_view.h"
#include "widgets/layers/layer_tree.h"
#include "widgets/number_text.h"
#include "widgets/overview/overview_view.h"
#include "widgets/theme.h"

namespace quantscope {

using nlohmann::json;
using studio::LayerMeasures;

void MainWindow::quantize() {
    if (!session_) return;
    jobs_.start<bool>(
        QStringLiteral("Quantize"), JobRunner::Lane::person,
        [this, session = session_, recipe = document_.recipe()](Progress& progress) {
            session->quantize(
                recipe,
                [this, session, recipe](const std::string& layer, const LayerMeasures& found) {
                    QMetaObject::invokeMethod(this, [this, session, recipe, layer, found] {
                        if (session != session_ || recipe != document_.recipe()) return; // of a recipe that is no more
                        const QString name = QString::fromStdString(layer);
                        LayerMeasures& known = measures_[name];
                        known.error = found.error;
                        known.error_is_estimate = false;
                        known.sqnr_db = found.sqnr_db;
                        known.bits = found.bits;
                        known.size = found.size;
                        tree_->setMeasures(name, known);
                        overview_->set_measure(name, known);
                    });
                },
                progress);
            return true;
        },
        [this](bool) {
            plan();
            fitCurrent();
            Q_EMIT quantized();
        });
}

void MainWindow::compareAll() {
    if (!session_ || !session_->card().can_evaluate) return;
    const auto settings = compare_->settings();
    studio::Session::CompareOptions options;
    options.text = settings.text.toStdString();
    options.context = settings.context;
    options.max_tokens = settings.max_tokens;
    options.llama_cpp_convention = settings.llama_cpp_convention;
    compare_job_ = jobs_.start<bool>(
        QStringLiteral("Compare"), JobRunner::Lane::person,
        [this, session = session_, options, recipes = compare_->checkedRecipes()](Progress& progress) {
            for (std::size_t i = 0; i < recipes.size(); ++i) {
                const double count = double(recipes.size());
                Progress part(progress, double(i) / count, double(i + 1) / count);
                const studio::CompareRow row = session->evaluate(recipes[i], options, part);
                QMetaObject::invokeMethod(this, [this, session, row] {
                    if (session == session_) compare_->setResult(row);
                });
            }
            return true;
        },
        [this](bool) {
            showTotals();
            plan();
            save_timer_.start(); // minutes of work are worth remembering at once
            Q_EMIT compared();
        });
    compare_->setBusy(true, write_job_ != 0);
}

void MainWindow::compareText() {
    if (!session_ || !session_->card().can_evaluate) return;
    const auto settings = compare_->textSettings();
    studio::Session::TextOptions options;
    options.prompt = settings.prompt.toStdString();
    options.chat = settings.chat;
    options.max_tokens = settings.max_tokens;
    options.temperature = settings.temperature;
    options.seed = settings.seed;
    const auto recipes = compare_->checkedRecipes();
    compare_->beginText();
    write_job_ = jobs_.start<std::vector<studio::TextColumn>>(
        QStringLiteral("Write"), JobRunner::Lane::person,
        [this, session = session_, options, recipes](Progress& progress) {
            return session->compare_text(
                recipes, options,
                [this, session](std::size_t column, const std::string& piece) {
                    QMetaObject::invokeMethod(this, [this, session, column, piece] {
                        if (session == session_) compare_->addPiece(int(column), QString::fromStdString(piece));
                    });
                },
                progress);
        },
        [this, session = session_](const std::vector<studio::TextColumn>& columns) {
            if (session != session_) return;
            compare_->setTextColumns(columns);
            save_timer_.start();
            Q_EMIT textCompared();
        });
    compare_->setBusy(compare_job_ != 0, true);
}

void MainWindow::exportModelDialog() {
    if (!session_) return;
    ExportDialog dialog(session_->export_formats(), QString::fromStdString(session_->card().name), document_.name(),
                        this);
    if (dialog.exec() == QDialog::Accepted) exportTo(dialog.format(), dialog.target());
}

void MainWindow::exportTo(const QString& format, const QString& target) {
    if (!session_) return;
    jobs_.start<std::vector<std::string>>(
        QStringLiteral("Export"), JobRunner::Lane::person,
        [session = session_, recipe = document_.recipe(), format = format.toStdString(), path = target.toStdString()](
            Progress& progress) { return session->export_model(recipe, format, path, progress); },
        [this, target](const std::vector<std::string>& remarks) {
            QString text = QStringLiteral("Exported to %1").arg(target);
            for (const std::string& remark : remarks)
                text += u' ' + QString::fromStdString(remark);
            message_->tell(text, MessageBar::Tone::information);
            Q_EMIT exported(target);
        });
}

void MainWindow::exportReportDialog() {
    if (!session_) return;
    QString path =
        QFileDialog::getSaveFileName(this, QStringLiteral("Export a report"),
                                     QString::fromStdString(session_->card().name) + QStringLiteral("-report.h5"),
                                     QStringLiteral("HDF5 reports (*.h5)"));
    if (path.isEmpty()) return;
    if (!path.endsWith(QLatin1String(".h5"))) path += QStringLiteral(".h5");
    exportReport(path);
}

void MainWindow::exportReport(const QString& target) {
    jobs_.start<bool>(
        QStringLiteral("Report"), JobRunner::Lane::person,
        [session = session_, recipe = document_.recipe(), rows = compare_->results(),
         path = target.toStdString()](Progress& progress) {
            session->export_report(recipe, rows, path, progress);
            return true;
        },
        [this, target](bool) {
            message_->tell(QStringLiteral("Report written to %1").arg(target), MessageBar::Tone::information);
            Q_EMIT exported(target);
        });
}

void MainWindow::showTotals() {
    if (!session_) return;
    const QString grey = widgets::Theme::current().secondary.name();
    const auto part = [&grey](const QString& name, const QString& value) {
        return QStringLiteral("&nbsp;&nbsp;&nbsp;<span style='color:%1'>%2</span> &nbsp;<b>%3</b>")
            .arg(grey, name, value);
    };
    QString text = part(QStringLiteral("size"),
                        QStringLiteral("%1 → %2").arg(widgets::size_text(double(totals_.original_bytes)),
                                                      widgets::size_text(double(totals_.quantized_bytes))));
    totals_label_->setToolTip(QStringLiteral("The file as it is and the packed file under the recipe; all weights in "
                                             "float32 would take %1.")
                                  .arg(widgets::size_text(double(totals_.float32_bytes))));
    const double change = double(totals_.quantized_bytes) / double(std::max<std::uint64_t>(1, totals_.original_bytes));
    text += QStringLiteral(" <span style='color:%1'>%2 %3</span>")
                .arg(grey, widgets::percent_text(std::abs(change - 1)),
                     change > 1 ? QStringLiteral("more than the file") : QStringLiteral("less"));
    text += part(QStringLiteral("bits/weight"), widgets::fixed_text(totals_.bits_per_weight, 2));
    double original = NAN, present = NAN;
    for (const auto& row : compare_->results()) {
        if (row.recipe.is_null())
            original = row.perplexity;
        else if (row.recipe == document_.recipe())
            present = row.perplexity;
    }
    if (std::isfinite(original))
        text += part(QStringLiteral("perplexity"),
                     std::isfinite(present) ? QStringLiteral("%1 → %2").arg(widgets::number_text(original, 4),
                                                                            widgets::number_text(present, 4))
                                            : widgets::number_text(original, 4));
    totals_label_->setText(text);
}

} // namespace quantscope
