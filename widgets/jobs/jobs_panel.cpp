// The Jobs panel.
#include "widgets/jobs/jobs_panel.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QSplitter>
#include <QTime>

#include "widgets/elided_label.h"
#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

namespace {
constexpr int kept_lines = 6; ///< finished jobs that stay in sight
constexpr int kept_log_lines = 2000;

QLabel* quiet_label(const char* name) {
    auto* label = new QLabel;
    label->setObjectName(QLatin1String(name));
    label->setProperty("tone", QStringLiteral("secondary"));
    return label;
}
} // namespace

JobLine::JobLine(QWidget* parent)
    : QWidget(parent)
    , title_(new ElidedLabel)
    , text_(quiet_label("jobText"))
    , percent_(new QLabel)
    , left_(quiet_label("jobTimeLeft"))
    , bar_(new QProgressBar)
    , cancel_(new QPushButton(QStringLiteral("Cancel"))) {
    title_->setObjectName(QStringLiteral("jobTitle"));
    title_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
    QFont bold = Theme::current().text_font();
    bold.setWeight(QFont::DemiBold);
    title_->setFont(bold);
    text_->setMinimumWidth(80);
    text_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    percent_->setFont(Theme::current().number_font());
    percent_->setMinimumWidth(44);
    percent_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    left_->setMinimumWidth(88);
    bar_->setObjectName(QStringLiteral("jobProgress"));
    bar_->setRange(0, 1000);
    bar_->setTextVisible(false);
    cancel_->setObjectName(QStringLiteral("jobCancel"));
    cancel_->setToolTip(QStringLiteral("Stop this job; what it has begun is undone (Ctrl+.)"));
    connect(cancel_, &QPushButton::clicked, this, [this] { Q_EMIT cancelRequested(job_.id); });
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 2, 12, 2);
    layout->setSpacing(8);
    layout->addWidget(title_);
    layout->addWidget(text_, 2);
    layout->addWidget(bar_, 3);
    layout->addWidget(percent_);
    layout->addWidget(left_);
    layout->addWidget(cancel_);
}

void JobLine::setJob(const JobState& job) {
    job_ = job;
    using Phase = JobState::Phase;
    title_->setText(job.title);
    QString text = job.text;
    if (job.phase == Phase::waiting) text = QStringLiteral("waits for the job before it");
    if (job.phase == Phase::done) text = QStringLiteral("done in %1").arg(duration_text(job.seconds));
    text_->setText(text);
    text_->setToolTip(job.text);
    text_->setTextInteractionFlags(job.phase == Phase::failed ? Qt::TextSelectableByMouse : Qt::NoTextInteraction);
    bar_->setValue(int(job.fraction * 1000));
    bar_->setVisible(!job.is_over());
    percent_->setVisible(!job.is_over());
    percent_->setText(QStringLiteral("%1 %").arg(int(job.fraction * 100)));
    left_->setVisible(!job.is_over());
    left_->setText(std::isfinite(job.seconds_left) && job.phase == Phase::running
                       ? QStringLiteral("%1 left").arg(duration_text(job.seconds_left))
                       : QString());
    cancel_->setVisible(!job.is_over());
    cancel_->setEnabled(job.phase != Phase::cancelling);
    cancel_->setAccessibleName(QStringLiteral("Cancel %1").arg(job.title));
    bar_->setAccessibleName(QStringLiteral("Progress of %1").arg(job.title));
}

JobsPanel::JobsPanel(QWidget* parent)
    : QWidget(parent)
    , list_(new QVBoxLayout)
    , empty_(quiet_label("jobsEmpty"))
    , log_(new QPlainTextEdit) {
    setObjectName(QStringLiteral("jobsPanel"));
    setAccessibleName(QStringLiteral("Jobs"));
    auto* lines = new QWidget;
    list_->setContentsMargins(0, 4, 0, 4);
    list_->setSpacing(0);
    list_->setAlignment(Qt::AlignTop);
    empty_->setText(
        QStringLiteral("What takes long, such as statistics, quantizing and comparing, shows its progress here."));
    empty_->setContentsMargins(12, 4, 12, 4);
    empty_->setWordWrap(true);
    list_->addWidget(empty_);
    lines->setLayout(list_);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setWidget(lines);
    log_->setObjectName(QStringLiteral("jobsLog"));
    log_->setAccessibleName(QStringLiteral("Log"));
    log_->setReadOnly(true);
    log_->setMaximumBlockCount(kept_log_lines);
    log_->setFont(Theme::current().number_font(-1));
    log_->setPlaceholderText(QStringLiteral("Log"));
    log_->setFrameShape(QFrame::NoFrame);
    auto* split = new QSplitter(Qt::Horizontal);
    split->addWidget(scroll);
    split->addWidget(log_);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 2);
    split->setHandleWidth(1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(split);
}

void JobsPanel::setJob(const JobState& job) {
    JobLine*& line = lines_[job.id];
    if (!line) {
        line = new JobLine;
        connect(line, &JobLine::cancelRequested, this, &JobsPanel::cancelRequested);
        list_->insertWidget(0, line); // the newest first
        order_ << job.id;
        empty_->hide();
    }
    line->setJob(job);
    if (job.is_over()) forgetOld();
}

void JobsPanel::forgetOld() {
    int over = 0;
    for (const quint64 id : order_)
        over += lines_[id]->job().is_over();
    for (qsizetype i = 0; i < order_.size() && over > kept_lines;) {
        if (!lines_[order_[i]]->job().is_over()) {
            ++i;
            continue;
        }
        lines_.take(order_[i])->deleteLater();
        order_.removeAt(i);
        --over;
    }
}

void JobsPanel::addLog(const QString& line) {
    log_->appendPlainText(QTime::currentTime().toString(QStringLiteral("HH:mm:ss ")) + line);
}

} // namespace quantscope::widgets
