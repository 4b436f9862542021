// The pair pane.
#include "widgets/images/pair_panel.h"

#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/parts.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

/// What the difference's colours mean.
class DifferenceScale : public QWidget {
public:
    explicit DifferenceScale(const PairCanvas* canvas)
        : canvas_(canvas) {
        setObjectName(QStringLiteral("differenceScale"));
        setAccessibleName(PairCanvas::tr("Colours of the difference"));
        setToolTip(PairCanvas::tr("The model's picture less the original's, mean over the channels, in levels of 255. "
                                  "The ends are the largest difference among the row's models, so that their maps can "
                                  "be compared."));
        setFixedHeight(36);
    }

protected:
    void paintEvent(QPaintEvent*) override {
        const Theme& theme = Theme::current();
        QPainter painter(this);
        const int wide = std::min(width() - 48, 260), left = (width() - wide) / 2;
        for (int x = 0; x < wide; ++x)
            painter.fillRect(QRect(left + x, 4, 1, 10), diverging(x / double(wide - 1)));
        painter.setPen(theme.line);
        painter.drawRect(QRect(left - 1, 3, wide + 1, 11));
        painter.setFont(theme.text_font(-1));
        painter.setPen(theme.secondary);
        const double limit = canvas_->differenceLimit();
        const auto write = [&](double part, const QString& text) {
            const int at = left + int(part * wide);
            painter.drawText(QRect(at - 90, 17, 180, 16), Qt::AlignCenter, text);
        };
        write(0, fixed_text(-limit, 0));
        write(0.5, PairCanvas::tr("0 · difference in levels"));
        write(1, QStringLiteral("+") + fixed_text(limit, 0));
    }

private:
    const PairCanvas* canvas_;
};

QToolButton* tool(const char* name, const QString& label, const QString& tip, const QString& icon) {
    auto* button = named(new QToolButton, name, label, tip);
    button->setIcon(themed_icon(icon));
    button->setAutoRaise(true);
    return button;
}

} // namespace

PairPanel::PairPanel(QWidget* parent)
    : QWidget(parent)
    , canvas_(new PairCanvas)
    , title_(new ElidedLabel)
    , readout_(new QLabel)
    , zoom_(quiet({}))
    , scale_(new DifferenceScale(canvas_))
    , modes_(new QButtonGroup(this)) {
    setObjectName(QStringLiteral("pairPanel"));
    title_->setObjectName(QStringLiteral("pairTitle"));
    title_->setProperty("tone", QStringLiteral("heading"));
    readout_->setObjectName(QStringLiteral("pairReadout"));
    readout_->setAccessibleName(tr("Values under the cursor"));
    readout_->setFont(Theme::current().number_font(-1));
    readout_->setWordWrap(true); // in two lines where one is short, and always as high, so that nothing jumps
    readout_->setFixedHeight(2 * QFontMetrics(readout_->font()).lineSpacing());
    readout_->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    readout_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    zoom_->setObjectName(QStringLiteral("pairZoom"));
    auto* inside = new QVBoxLayout;
    inside->setContentsMargins(8, 8, 8, 8);
    inside->setSpacing(4);
    inside->addWidget(makeButtons());
    inside->addWidget(title_);
    inside->addWidget(canvas_, 1);
    inside->addWidget(scale_);
    inside->addWidget(readout_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(card(inside));
    connect(canvas_, &PairCanvas::cursorChanged, this, &PairPanel::updateReadout);
    connect(canvas_, &PairCanvas::zoomChanged, this, [this] { zoom_->setText(zoom_text(canvas_->zoom())); });
    connect(canvas_, &PairCanvas::modeRequested, this, [this](int mode) { setMode(PairCanvas::Mode(mode)); });
    connect(canvas_, &PairCanvas::stepRequested, this, &PairPanel::stepRequested);
    connect(canvas_, &PairCanvas::left, this, &PairPanel::left);
    setMode(PairCanvas::Mode::side_by_side);
    setPair(nullptr, 0, 0, {});
}

QWidget* PairPanel::makeButtons() {
    auto* row = new QWidget;
    auto* flow = new FlowLayout(row);
    flow->setContentsMargins(0, 0, 0, 0);
    flow->setSpacing(Theme::unit);
    const struct {
        const char* name;
        QString label, tip;
    } modes[] = {
        {"pairSideBySide", tr("Side by side"), tr("Both pictures beside each other, zoomed and moved together (1).")},
        {"pairWipe", tr("Wipe"),
         tr("The original left of a divider, the model right of it: drag it, or use the "
            "arrows (2).")},
        {"pairFlicker", tr("Flicker"),
         tr("Both in turns at the same place, half a second each: what jumps differs. "
            "Holding Space stays at the original (3).")},
        {"pairDifference", tr("Difference"),
         tr("The model less the original, pixel by pixel: blue is darker, orange "
            "lighter than the original (4).")},
    };
    modes_->setExclusive(true);
    int id = 0;
    for (const auto& mode : modes) {
        auto* button = named(new QPushButton(mode.label), mode.name, mode.label, mode.tip);
        button->setProperty("chip", true);
        button->setCheckable(true);
        modes_->addButton(button, id++);
        flow->addWidget(button);
    }
    connect(modes_, &QButtonGroup::idClicked, this, [this](int mode) { setMode(PairCanvas::Mode(mode)); });
    auto* out = tool("pairZoomOut", tr("Zoom out"), tr("Both pictures smaller (−)."), QStringLiteral("zoom-out"));
    auto* in =
        tool("pairZoomIn", tr("Zoom in"), tr("Both pictures larger, in whole steps (+)."), QStringLiteral("zoom-in"));
    auto* fit = tool("pairFit", tr("Show all"), tr("As large as shows the whole picture (0)."),
                     QStringLiteral("zoom-fit-best"));
    const auto middle = [this] { return canvas_->pictureRects().front().center(); };
    connect(out, &QToolButton::clicked, this, [this, middle] { canvas_->zoomAt(-1, middle()); });
    connect(in, &QToolButton::clicked, this, [this, middle] { canvas_->zoomAt(1, middle()); });
    connect(fit, &QToolButton::clicked, canvas_, &PairCanvas::fit);
    auto* zoom = new QWidget; // stays together when the line breaks
    auto* tools = new QHBoxLayout(zoom);
    tools->setContentsMargins(0, 0, 0, 0);
    tools->setSpacing(Theme::unit);
    for (QWidget* part : std::initializer_list<QWidget*>{out, zoom_, in, fit})
        tools->addWidget(part);
    zoom->setFixedHeight(26);
    flow->addWidget(zoom);
    return row;
}

void PairPanel::setMode(PairCanvas::Mode mode) {
    modes_->button(int(mode))->setChecked(true);
    scale_->setVisible(mode == PairCanvas::Mode::difference);
    canvas_->setMode(mode);
}

void PairPanel::setPair(ComparisonSnapshot comparison, int row, int column, const QString& row_title) {
    const auto name = [&](int of) {
        return comparison && of < int(comparison->columns.size())
                   ? QString::fromStdString(comparison->columns[std::size_t(of)].name)
                   : QString();
    };
    QStringList words;
    if (!row_title.isEmpty()) words << row_title;
    const auto* metrics = comparison ? metrics_at(*comparison, row, column) : nullptr;
    if (metrics && column > 0 && !std::isnan(metrics->psnr_db))
        words << psnr_text(metrics->psnr_db) << QStringLiteral("SSIM %1").arg(fixed_text(metrics->ssim, 3));
    title_->setText(words.join(QStringLiteral(" · ")));
    canvas_->setPair(comparison, row, column, name(0), column > 0 ? name(column) : QString());
    canvas_->setAccessibleDescription(title_->text());
    scale_->update();
}

void PairPanel::updateReadout() {
    const QString text = canvas_->pixelText();
    readout_->setText(text.isEmpty() ? tr("Point at a pixel to read both values.") : text);
}

} // namespace quantscope::widgets
