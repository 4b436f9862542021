// What to sample.
#include "widgets/images/image_controls.h"

#include <QRegularExpression>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/images/pictures.h"
#include "widgets/parts.h"

namespace quantscope::widgets {
namespace {

constexpr std::size_t most_seeds = 256;
constexpr std::size_t most_rows = 1024;
constexpr int first_classes = 5; ///< ticked when a model is opened

QWidget* labelled(const QString& text, QWidget* control) {
    auto* pair = new QWidget;
    auto* layout = new QHBoxLayout(pair);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(Theme::unit);
    auto* label = quiet(text);
    label->setBuddy(control);
    layout->addWidget(label);
    layout->addWidget(control);
    return pair;
}

} // namespace

std::optional<std::vector<std::uint64_t>> seeds_from(const QString& text) {
    static const QRegularExpression range(QStringLiteral("^(\\d+)(?:\\s*[-–]\\s*(\\d+))?$"));
    std::vector<std::uint64_t> seeds;
    for (const QString& part : text.split(QRegularExpression(QStringLiteral("[,;]")), Qt::SkipEmptyParts)) {
        if (part.trimmed().isEmpty()) continue;
        const auto match = range.match(part.trimmed());
        if (!match.hasMatch()) return std::nullopt;
        bool known = true, ends = true;
        const std::uint64_t first = match.captured(1).toULongLong(&known);
        const std::uint64_t last = match.captured(2).isEmpty() ? first : match.captured(2).toULongLong(&ends);
        if (!known || !ends || last < first || last - first >= most_seeds) return std::nullopt;
        for (std::uint64_t seed = first, left = last - first + 1; left > 0; ++seed, --left)
            if (std::find(seeds.begin(), seeds.end(), seed) == seeds.end()) seeds.push_back(seed);
        if (seeds.size() > most_seeds) return std::nullopt;
    }
    return seeds;
}

QString seeds_text(const std::vector<std::uint64_t>& seeds) {
    QStringList parts;
    for (std::size_t i = 0; i < seeds.size();) {
        std::size_t end = i + 1;
        while (end < seeds.size() && seeds[end] == seeds[end - 1] + 1)
            ++end;
        parts << (end - i == 1 ? QString::number(seeds[i]) : QStringLiteral("%1–%2").arg(seeds[i]).arg(seeds[end - 1]));
        i = end;
    }
    return parts.join(QStringLiteral(", "));
}

ImageControls::ImageControls(QWidget* parent)
    : QWidget(parent)
    , summary_(quiet({})) {
    setObjectName(QStringLiteral("imageControls"));
    class_choice_ = named(new ChoiceButton(tr("classes")), "imageClasses", tr("Classes"),
                          tr("One row of the grid for each ticked class and each seed."));
    class_choice_->list()->setObjectName(QStringLiteral("imageClassList"));
    model_choice_ = named(new ChoiceButton(tr("models")), "imageModels", tr("Models"),
                          tr("A column for each, beside the original. All start from the same noise."));
    model_choice_->list()->setObjectName(QStringLiteral("imageModelList"));
    seeds_ = named(new QLineEdit(QStringLiteral("0")), "imageSeeds", tr("Seeds"),
                   tr("Numbers and ranges, such as 0–4, 7. The same seed gives every model the same noise."));
    seeds_->setPlaceholderText(tr("seeds, such as 0–4"));
    seeds_->setMaximumWidth(96);
    against_ = labelled(tr("against"), model_choice_);
    makeNumbers();
    generate_ = named(new QPushButton(tr("Generate")), "imageGenerate", tr("Generate"),
                      tr("Samples every row with the original and with each ticked model; those not quantized yet are "
                         "quantized first (Ctrl+Return). While they are at work, stops them."));
    generate_->setProperty("primary", true);
    connect(generate_, &QPushButton::clicked, this, &ImageControls::submit);
    summary_->setObjectName(QStringLiteral("imageRequestSummary"));
    summary_->setWordWrap(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    layout->addWidget(
        options_row({class_choice_, labelled(tr("seeds"), seeds_), against_, sampler_, steps_, guidance_}, generate_));
    layout->addWidget(summary_);
    for (ChoiceButton* choice : {class_choice_, model_choice_})
        connect(choice, &ChoiceButton::chosenChanged, this, &ImageControls::updateState);
    connect(seeds_, &QLineEdit::textChanged, this, &ImageControls::updateState);
    connect(seeds_, &QLineEdit::returnPressed, this, [this] {
        if (!busy_) submit();
    });
    setClasses({});
    setModels({});
}

void ImageControls::makeNumbers() {
    sampler_ = named(new QComboBox, "imageSampler", tr("Sampler"),
                     tr("DDIM repeats itself and needs few steps; DDPM adds noise in every step; DPM-Solver++ (2M) "
                        "is closest to the end with the fewest steps."));
    sampler_->addItem(QStringLiteral("DDIM"), QStringLiteral("ddim"));
    sampler_->addItem(QStringLiteral("DDPM"), QStringLiteral("ddpm"));
    sampler_->addItem(QStringLiteral("DPM-Solver++ (2M)"), QStringLiteral("dpm++"));
    sampler_->setMinimumContentsLength(7);
    sampler_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    steps_ = named(new QSpinBox, "imageSteps", tr("Steps"),
                   tr("How often each image passes through the model; every step carries the error of those before."));
    steps_->setRange(1, 1000);
    steps_->setValue(50);
    steps_->setSuffix(tr(" steps"));
    guidance_ = named(new QDoubleSpinBox, "imageGuidance", tr("Guidance"),
                      tr("Classifier-free guidance: how far the image is pushed towards its class. 1 does not push and "
                         "takes half the time."));
    guidance_->setRange(1, 30);
    guidance_->setSingleStep(0.5);
    guidance_->setDecimals(1);
    guidance_->setValue(4);
    guidance_->setPrefix(tr("guidance "));
    guidance_->setLocale(QLocale::c());
    steps_->setLocale(QLocale::c());
    connect(sampler_, &QComboBox::activated, this, &ImageControls::updateState);
    connect(steps_, &QSpinBox::valueChanged, this, &ImageControls::updateState);
    connect(guidance_, &QDoubleSpinBox::valueChanged, this, &ImageControls::updateState);
}

void ImageControls::setClasses(const QStringList& names) {
    classes_ = names;
    QStringList items, shown;
    for (int label = 0; label < names.size(); ++label) {
        shown << class_text(names[label], label);
        items << (names[label].isEmpty() ? shown.back() : QStringLiteral("%1  %2").arg(label).arg(names[label]));
    }
    class_choice_->setItems(items, shown);
    class_choice_->setVisible(!items.isEmpty());
    std::vector<int> first;
    for (int label = 0; label < std::min<int>(first_classes, int(names.size())); ++label)
        first.push_back(label);
    class_choice_->setChosen(first);
}

void ImageControls::setModels(std::vector<studio::ImageCandidate> models) {
    if (models == candidates_ && !models.empty()) return;
    const auto was = request().models;
    const bool first_time = candidates_.empty();
    candidates_ = std::move(models);
    QStringList items;
    std::vector<int> ticked;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        items << QString::fromStdString(candidates_[i].name);
        // The present recipe stays ticked when it is edited: a name is enough.
        if (std::any_of(was.begin(), was.end(), [&](const auto& old) { return old.name == candidates_[i].name; }))
            ticked.push_back(int(i));
    }
    if (first_time && ticked.empty() && !candidates_.empty()) ticked = {0};
    model_choice_->setItems(items, items);
    against_->setVisible(!items.isEmpty());
    model_choice_->setChosen(ticked);
}

void ImageControls::setBusy(bool busy) {
    busy_ = busy;
    updateState();
}

studio::ImageRequest ImageControls::request() const {
    studio::ImageRequest request;
    std::vector<int> labels = class_choice_->chosen();
    if (classes_.isEmpty()) labels = {0};
    const auto seeds = seeds_from(seeds_->text()).value_or(std::vector<std::uint64_t>());
    if (labels.size() * seeds.size() <= most_rows)
        for (const int label : labels)
            for (const std::uint64_t seed : seeds)
                request.rows.push_back({label, classes_.value(label).toStdString(), seed});
    for (const int place : model_choice_->chosen())
        request.models.push_back(candidates_[std::size_t(place)]);
    request.sampler = sampler_->currentData().toString().toStdString();
    request.steps = steps_->value();
    request.guidance = guidance_->value();
    return request;
}

void ImageControls::setRequest(const studio::ImageRequest& request) {
    std::vector<int> labels, models;
    std::vector<std::uint64_t> seeds;
    for (const auto& row : request.rows) {
        labels.push_back(row.label);
        if (std::find(seeds.begin(), seeds.end(), row.seed) == seeds.end()) seeds.push_back(row.seed);
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i) // the present recipe may have been edited: a name is enough
        if (std::any_of(request.models.begin(), request.models.end(),
                        [&](const auto& model) { return model.name == candidates_[i].name; }))
            models.push_back(int(i));
    class_choice_->setChosen(labels);
    model_choice_->setChosen(models);
    seeds_->setText(seeds_text(seeds));
    const int sampler = sampler_->findData(QString::fromStdString(request.sampler));
    if (sampler >= 0) sampler_->setCurrentIndex(sampler);
    steps_->setValue(request.steps);
    guidance_->setValue(request.guidance);
    updateState();
}

QString ImageControls::problem() const {
    const auto seeds = seeds_from(seeds_->text());
    if (!seeds) return tr("Write seeds as numbers and ranges, such as 0–4, 7; at most %1.").arg(most_seeds);
    if (seeds->empty()) return tr("Write at least one seed.");
    if (!classes_.isEmpty() && class_choice_->chosen().empty()) return tr("Tick at least one class.");
    if (request().rows.empty()) return tr("More than %1 rows: tick fewer classes or write fewer seeds.").arg(most_rows);
    return {};
}

void ImageControls::updateState() {
    const QString wrong = problem();
    for (QWidget* option :
         std::initializer_list<QWidget*>{class_choice_, model_choice_, seeds_, sampler_, steps_, guidance_})
        option->setEnabled(!busy_);
    generate_->setEnabled(busy_ || wrong.isEmpty());
    generate_->setText(busy_ ? tr("Stop") : tr("Generate"));
    generate_->setAccessibleName(generate_->text());
    const auto asked = request();
    const auto models = asked.models.size() + 1;
    summary_->setText(
        !wrong.isEmpty() ? wrong
        : candidates_.empty()
            ? tr("%1 images with each model").arg(asked.rows.size())
            : tr("%1 rows × %2 models = %3 images").arg(asked.rows.size()).arg(models).arg(asked.rows.size() * models));
    summary_->setProperty("problem", !wrong.isEmpty());
    Q_EMIT changed();
}

void ImageControls::submit() {
    if (busy_) return Q_EMIT stopRequested();
    if (const auto asked = request(); problem().isEmpty()) Q_EMIT requested(asked);
}

} // namespace quantscope::widgets
