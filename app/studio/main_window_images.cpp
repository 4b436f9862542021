// Sampling images from the original and from what recipes make of it, as a job.
#include "app/studio/main_window.h"
#include "widgets/images/images_view.h"

namespace quantscope {

namespace {

using Snapshot = std::shared_ptr<const studio::ImageComparison>;

/// Every column with a place for each image, none of them sampled yet.
studio::ImageComparison skeleton(studio::ImageComparison comparison, const studio::ImageRequest& request) {
    const auto add = [&](const std::string& name, const nlohmann::json& recipe) {
        studio::ImageColumn column;
        column.name = name;
        column.recipe = recipe;
        column.pictures.resize(request.rows.size());
        column.metrics.resize(request.rows.size());
        comparison.columns.push_back(std::move(column));
    };
    add("original", {});
    for (const auto& model : request.models)
        add(model.name, model.recipe);
    return comparison;
}

} // namespace

void MainWindow::connectImages() {
    connect(images_, &widgets::ImagesView::requested, this, &MainWindow::sampleImages);
    connect(images_, &widgets::ImagesView::stopRequested, this, [this] { jobs_.cancel(images_job_); });
    connect(&document_, &RecipeDocument::changed, this, &MainWindow::offerModels);
}

void MainWindow::offerModels() {
    const bool samples = session_ && session_->samples_images();
    const QString why = !session_ ? QString()
                        : session_->card().kind == "dit"
                            ? QString::fromStdString(session_->card().why_not_evaluated)
                            : QStringLiteral("Images are sampled from class-conditional Diffusion Transformers; this "
                                             "model is none. See Compare for language models.");
    images_->setAvailable(samples, why);
    if (!samples) return;
    QStringList names;
    for (const auto& name : session_->classes())
        names << QString::fromStdString(name);
    images_->setClasses(names);
    std::vector<studio::ImageCandidate> candidates{{"present recipe", document_.recipe()}};
    for (const auto& [name, recipe] : studio::Session::presets(session_->card().kind))
        candidates.push_back({name, recipe});
    images_->setModels(std::move(candidates));
}

void MainWindow::sampleAsAsked() { images_->generate(); }

void MainWindow::sampleImages(const studio::ImageRequest& request) {
    if (!session_ || !session_->samples_images() || images_job_ != 0) return;
    images_job_ = jobs_.start<bool>(
        QStringLiteral("Sample images"), JobRunner::Lane::person,
        [this, session = session_, request](Progress& progress) {
            auto comparison = skeleton(session->requested_images(request), request);
            const auto show = [&] {
                QMetaObject::invokeMethod(
                    this, [this, session, snapshot = std::make_shared<const studio::ImageComparison>(comparison)] {
                        if (session == session_) images_->setComparison(snapshot);
                    });
            };
            show();
            const double count = double(comparison.columns.size());
            for (std::size_t i = 0; i < comparison.columns.size(); ++i) {
                Progress part(progress, double(i) / count, double(i + 1) / count);
                const std::string name = comparison.columns[i].name;
                comparison.columns[i] = session->sample_images(comparison.columns[i].recipe, request, part);
                comparison.columns[i].name = name;
                show();
            }
            return true;
        },
        [this](bool) {
            save_timer_.start();
            Q_EMIT imagesSampled();
        });
    images_->setBusy(true);
}

} // namespace quantscope
