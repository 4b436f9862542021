// The prompt and the models' texts.
#include "widgets/compare/text_panel.h"

#include <QKeyEvent>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>

#include "widgets/number_text.h"
#include "widgets/parts.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

namespace {

/// What the colours behind the tokens mean.
class DivergenceLegend : public QWidget {
public:
    DivergenceLegend() {
        setObjectName(QStringLiteral("divergenceLegend"));
        setFixedHeight(20);
        setMinimumWidth(280);
        setToolTip(QStringLiteral("KL divergence from the original's prediction of each token, in nats. Underlined: "
                                  "the model holds another token for the most likely one."));
    }

protected:
    void paintEvent(QPaintEvent*) override {
        const Theme& theme = Theme::current();
        QPainter painter(this);
        painter.setFont(theme.text_font(-1));
        const auto write = [&](int x, const QString& text) {
            painter.setPen(theme.secondary);
            painter.drawText(QRect(x, 0, width(), height()), Qt::AlignLeft | Qt::AlignVCenter, text);
            return x + painter.fontMetrics().horizontalAdvance(text) + 6;
        };
        int x = write(0, QStringLiteral("KL 0"));
        for (int step = 0; step <= 10; ++step, x += 8)
            painter.fillRect(QRect(x, 4, 8, 12), TokenText::colour_of(TokenText::full_colour_nats * float(step) / 10));
        x = write(x + 6, QStringLiteral("≥ %1 nats").arg(number_text(double(TokenText::full_colour_nats), 2))) + 10;
        painter.fillRect(QRect(x, 15, 16, 2), theme.scheme_a);
        write(x + 22, QStringLiteral("another token is likelier"));
    }
};

} // namespace

QString TextSettings::sampling() const {
    if (temperature <= 0) return QStringLiteral("greedy");
    return QStringLiteral("temperature %1 · seed %2").arg(number_text(temperature, 2)).arg(seed);
}

void PromptEdit::keyPressEvent(QKeyEvent* event) {
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && event->modifiers() == Qt::NoModifier) return Q_EMIT submitted();
    QPlainTextEdit::keyPressEvent(event);
}

TextPanel::TextPanel(QWidget* parent)
    : QWidget(parent) {
    setObjectName(QStringLiteral("textPanel"));
    prompt_ = named(new PromptEdit, "comparePrompt", QStringLiteral("Prompt"),
                    QStringLiteral("Every ticked model continues this text. Return starts, Shift+Return makes a new "
                                   "line."));
    prompt_->setPlainText(QStringLiteral("The capital of France is"));
    prompt_->setPlaceholderText(QStringLiteral("A prompt for the ticked models to continue"));
    prompt_->setTabChangesFocus(true);
    prompt_->setFixedHeight(2 * prompt_->fontMetrics().lineSpacing() + 16);
    connect(prompt_, &PromptEdit::submitted, this, [this] {
        if (write_->isEnabled() && !writing_) Q_EMIT writeRequested();
    });
    mode_ = named(new QComboBox, "compareMode", QStringLiteral("Chat or raw"),
                  QStringLiteral("Chat wraps the prompt in the model's own template; raw continues it as it stands."));
    mode_->addItems({QStringLiteral("raw"), QStringLiteral("chat")});
    length_ =
        named(new QSpinBox, "compareLength", QStringLiteral("Length"), QStringLiteral("At most so many new tokens."));
    length_->setRange(1, 4096);
    length_->setValue(48);
    length_->setPrefix(QStringLiteral("≤ "));
    length_->setSuffix(QStringLiteral(" tokens"));
    temperature_ =
        named(new QDoubleSpinBox, "compareTemperature", QStringLiteral("Temperature"),
              QStringLiteral("0 takes the most likely token each time (greedy); more samples, with the seed."));
    temperature_->setRange(0, 2);
    temperature_->setSingleStep(0.1);
    temperature_->setLocale(QLocale::c());
    temperature_->setSpecialValueText(QStringLiteral("greedy"));
    temperature_->setPrefix(QStringLiteral("temperature "));
    seed_ = named(new QSpinBox, "compareSeed", QStringLiteral("Seed"),
                  QStringLiteral("The same seed samples the same text again, with every model."));
    seed_->setRange(0, 1'000'000'000);
    seed_->setPrefix(QStringLiteral("seed "));
    seed_->setEnabled(false);
    connect(temperature_, &QDoubleSpinBox::valueChanged, this, [this](double value) { seed_->setEnabled(value > 0); });
    write_ = named(new QPushButton(QStringLiteral("Write")), "compareWrite", QStringLiteral("Write"),
                   QStringLiteral("Lets the ticked models continue the prompt, side by side; while they write, stops "
                                  "them."));
    connect(write_, &QPushButton::clicked, this, [this] {
        if (writing_)
            Q_EMIT stopRequested();
        else
            Q_EMIT writeRequested();
    });
    legend_ = new DivergenceLegend;
    columns_box_ = new QWidget;
    columns_layout_ = new QHBoxLayout(columns_box_);
    columns_layout_->setContentsMargins(0, 0, 0, 0);
    columns_layout_->setSpacing(12);
    empty_ =
        quiet(QStringLiteral("The ticked models' continuations stand here side by side, each token coloured by how far "
                             "its prediction diverges from the original's."));
    empty_->setObjectName(QStringLiteral("textEmpty"));
    empty_->setWordWrap(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    layout->addWidget(prompt_);
    layout->addWidget(options_row({mode_, length_, temperature_, seed_}, write_));
    layout->addWidget(empty_);
    layout->addWidget(legend_);
    layout->addWidget(columns_box_, 1);
    layout->addStretch(0);
    begin({});
}

TextSettings TextPanel::settings() const {
    return {prompt_->toPlainText(), mode_->currentIndex() == 1, length_->value(), temperature_->value(),
            quint64(seed_->value())};
}

void TextPanel::setSettings(const TextSettings& settings) {
    prompt_->setPlainText(settings.prompt);
    if (mode_->isEnabled()) mode_->setCurrentIndex(settings.chat ? 1 : 0);
    length_->setValue(settings.max_tokens);
    temperature_->setValue(settings.temperature);
    seed_->setValue(int(settings.seed));
}

void TextPanel::setHasChatTemplate(bool has) {
    mode_->setCurrentIndex(0);
    mode_->setEnabled(has);
}

void TextPanel::setState(bool writing, bool can_start) {
    writing_ = writing;
    write_->setText(writing ? QStringLiteral("Stop") : QStringLiteral("Write"));
    write_->setAccessibleName(write_->text());
    write_->setEnabled(writing || can_start);
}

QWidget* TextPanel::makeColumn(const Heading& model, int place, Column& column) {
    auto* title = new ModelTitle(model.name, model.place);
    title->setObjectName(QStringLiteral("textTitle%1").arg(place));
    auto* sampling = quiet(shown_.settings.sampling());
    auto* head = new QHBoxLayout;
    head->addWidget(title, 1);
    head->addWidget(sampling);
    column.written = new QLabel;
    column.written->setObjectName(QStringLiteral("written%1").arg(place));
    column.written->setWordWrap(true);
    column.written->setTextFormat(Qt::RichText);
    column.written->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    column.written->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column.caption = quiet({});
    column.caption->setObjectName(QStringLiteral("textCaption%1").arg(place));
    column.caption->setWordWrap(true);
    column.tokens = new TokenText;
    column.tokens->setObjectName(QStringLiteral("tokenText%1").arg(place));
    auto* inside = new QWidget;
    auto* lines = new QVBoxLayout(inside);
    lines->setContentsMargins(0, 0, 4, 0);
    lines->setSpacing(8);
    lines->addWidget(column.written);
    lines->addWidget(column.caption);
    lines->addWidget(column.tokens);
    lines->addStretch(1);
    inside->setBackgroundRole(QPalette::Base);
    inside->setAutoFillBackground(true);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(inside);
    scroll->setMinimumHeight(190);
    auto* layout = new QVBoxLayout;
    layout->setContentsMargins(12, 8, 8, 8);
    layout->addLayout(head);
    layout->addWidget(scroll, 1);
    return card(layout);
}

void TextPanel::showWritten(const Column& column) {
    const QString grey = Theme::current().secondary.name();
    const auto html = [](const QString& text) { return text.toHtmlEscaped().replace(u'\n', QStringLiteral("<br>")); };
    column.written->setText(QStringLiteral("<span style='color:%1'>%2</span>%3%4")
                                .arg(grey, html(shown_.settings.prompt),
                                     shown_.settings.chat ? QStringLiteral("<br>") : QString(), html(column.text)));
    column.written->setAccessibleName(shown_.settings.prompt + column.text);
}

void TextPanel::begin(const std::vector<Heading>& models) { begin(models, settings()); }

void TextPanel::begin(const std::vector<Heading>& models, const TextSettings& settings) {
    while (QLayoutItem* item = columns_layout_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    columns_.clear();
    shown_ = {settings, models, {}, {}};
    empty_->setVisible(models.empty());
    columns_box_->setVisible(!models.empty());
    legend_->setVisible(!models.empty());
    for (std::size_t i = 0; i < models.size(); ++i) {
        Column column{};
        columns_layout_->addWidget(makeColumn(models[i], int(i), column), 1);
        column.tokens->hide();
        column.caption->hide();
        showWritten(column);
        columns_.push_back(column);
    }
}

void TextPanel::addPiece(int column, const QString& piece) {
    if (column < 0 || column >= int(columns_.size())) return;
    Column& grown = columns_[std::size_t(column)];
    grown.text += piece;
    showWritten(grown);
}

void TextPanel::setColumns(const std::vector<studio::TextColumn>& columns) {
    if (columns_.size() != columns.size()) {
        std::vector<Heading> models;
        for (std::size_t i = 0; i < columns.size(); ++i)
            models.push_back({QString::fromStdString(columns[i].name), int(i)});
        begin(models);
    }
    shown_.columns = columns;
    shown_.candidates.clear();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        Column& made = columns_[i];
        made.text = QString::fromStdString(columns[i].generated);
        showWritten(made);
        double sum = 0;
        bool diverges = false;
        for (const auto& token : columns[i].tokens) {
            sum += double(token.kl);
            diverges = diverges || token.kl > 0;
        }
        QString caption = diverges ? QStringLiteral("the original's text under this model: mean KL %1 nats a token")
                                         .arg(number_text(sum / double(columns[i].tokens.size())))
                                   : QStringLiteral("the text token by token; click one for what else was likely");
        if (!columns[i].remark.empty()) caption += u'\n' + QString::fromStdString(columns[i].remark);
        made.caption->setText(caption);
        made.caption->show();
        made.tokens->show();
        made.tokens->setColumn(columns[i]);
        made.tokens->setCandidates([this, i](std::size_t position) { return candidatesAt(i, position); });
        made.tokens->disconnect(this);
        connect(made.tokens, &TokenText::tokenSelected, this, [this](int token) { // the same place in every column
            for (const Column& other : columns_)
                other.tokens->select(token);
        });
    }
}

std::vector<studio::TokenCandidate> TextPanel::candidatesAt(std::size_t column, std::size_t position) const {
    if (!shown_.candidates.empty()) {
        const auto& restored = shown_.candidates;
        if (column >= restored.size() || position >= restored[column].size()) return {};
        return restored[column][position];
    }
    return candidates_ ? candidates_(column, position) : std::vector<studio::TokenCandidate>{};
}

TextPanel::Run TextPanel::run() const {
    constexpr std::size_t kept_positions = 512; // ten candidates each: a long text would weigh megabytes
    Run run = shown_;
    run.candidates.clear();
    for (std::size_t i = 0; i < run.columns.size(); ++i) {
        auto& positions = run.candidates.emplace_back();
        for (std::size_t at = 0; at < std::min(kept_positions, run.columns[i].tokens.size()); ++at)
            positions.push_back(candidatesAt(i, at));
    }
    return run;
}

void TextPanel::setRun(const Run& run) {
    begin(run.models, run.settings);
    if (!run.columns.empty()) setColumns(run.columns);
    shown_.candidates = run.candidates;
}

} // namespace quantscope::widgets
