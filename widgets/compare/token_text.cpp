// A text drawn token by token.
#include "widgets/compare/token_text.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/number_text.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

namespace {
constexpr qreal line_height = 24, margin = 4;

QString shown(const QString& text) {
    QString made = text;
    made.replace(u'\n', QStringLiteral("↵")).replace(u'\t', QStringLiteral("⇥"));
    return made;
}

/// A probability as a bar in a tool tip, whose rich text knows no drawings: blocks of an eighth's resolution.
QString bar(float probability, const QColor& colour) {
    constexpr int longest = 10;
    const int eighths = int(std::lround(std::clamp(probability, 0.0F, 1.0F) * 8 * longest));
    QString blocks(eighths / 8, QChar(0x2588));
    if (eighths % 8) blocks += QChar(0x2590 - eighths % 8); // ▏ (1) to ▉ (7)
    return QStringLiteral("<span style='color:%1'>%2</span>").arg(colour.name(), blocks);
}
} // namespace

TokenText::TokenText(QWidget* parent)
    : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setMinimumWidth(120);
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Preferred);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    setAccessibleName(QStringLiteral("Text coloured by divergence"));
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

void TokenText::setColumn(const studio::TextColumn& column) {
    column_ = column;
    selected_ = -1;
    QString all;
    for (const auto& token : column.tokens)
        all += QString::fromStdString(token.text);
    setAccessibleDescription(all);
    arrange(width(), boxes_);
    updateGeometry();
    update();
}

QColor TokenText::colour_of(float kl) {
    QColor colour = Theme::current().scheme_a;
    colour.setAlphaF(0.62F * std::sqrt(std::clamp(kl / full_colour_nats, 0.0F, 1.0F)));
    return colour;
}

qreal TokenText::arrange(qreal width, std::vector<Box>& boxes) const {
    boxes.clear();
    const QFontMetricsF metrics(Theme::current().text_font(1));
    qreal x = margin, y = margin;
    const auto place = [&](const QString& text, int token, bool breaks) {
        const qreal advance = std::max<qreal>(metrics.horizontalAdvance(text), 4);
        if (x > margin && x + advance > width - margin) x = margin, y += line_height;
        boxes.push_back({QRectF(x, y, advance, line_height - 4), text, token});
        x += advance + 1;
        if (breaks) x = margin, y += line_height;
    };
    for (std::size_t i = 0; i < column_.tokens.size(); ++i) {
        const QString text = QString::fromStdString(column_.tokens[i].text);
        place(shown(text), int(i), text.endsWith(u'\n'));
    }
    return y + line_height + margin;
}

QSize TokenText::sizeHint() const { return {320, heightForWidth(320)}; }

int TokenText::heightForWidth(int width) const {
    std::vector<Box> boxes;
    return int(std::ceil(arrange(width, boxes)));
}

void TokenText::resizeEvent(QResizeEvent*) { arrange(width(), boxes_); }

void TokenText::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme.text_font(1));
    for (const Box& box : boxes_) {
        if (box.token >= 0) {
            const auto& token = column_.tokens[std::size_t(box.token)];
            painter.setPen(box.token == selected_ ? QPen(theme.accent, 1.5) : QPen(Qt::NoPen));
            painter.setBrush(colour_of(token.kl));
            painter.drawRoundedRect(box.place, 3, 3);
            if (!token.agrees) { // the most likely token is another one
                painter.setPen(QPen(theme.scheme_a, 1.5));
                painter.drawLine(box.place.bottomLeft() + QPointF(1, 0), box.place.bottomRight() - QPointF(1, 0));
            }
        }
        painter.setPen(theme.text);
        painter.drawText(box.place, Qt::AlignLeft | Qt::AlignVCenter | Qt::TextDontClip, box.text);
    }
}

int TokenText::tokenAt(const QPoint& place) const {
    for (const Box& box : boxes_)
        if (box.place.adjusted(-0.5, -2, 0.5, 2).contains(place)) return box.token;
    return -1;
}

QRectF TokenText::placeOf(int token) const {
    for (const Box& box : boxes_)
        if (box.token == token) return box.place;
    return {};
}

void TokenText::select(int token) {
    selected_ = token;
    update();
}

QString TokenText::candidateTable(int token) const {
    if (token < 0 || token >= int(column_.tokens.size())) return {};
    const auto& cell = column_.tokens[std::size_t(token)];
    const auto cell_text = [](const std::string& text) {
        return shown(QString::fromStdString(text)).toHtmlEscaped().replace(u' ', QStringLiteral("␣"));
    };
    QString table = QStringLiteral("<b>%1</b> · token %2 · KL %3 nats · NLL %4<br>")
                        .arg(cell_text(cell.text))
                        .arg(cell.id)
                        .arg(number_text(double(cell.kl)), number_text(double(cell.nll)));
    const auto candidates = candidates_ ? candidates_(std::size_t(token)) : std::vector<studio::TokenCandidate>{};
    if (candidates.empty()) // nothing predicts the first token; of long texts a session remembers the beginning
        return token == 0 ? table : table + QStringLiteral("write again to see what else was likely here");
    const Theme& theme = Theme::current();
    table += QStringLiteral("<table cellspacing=3><tr><td>most likely here</td><td colspan=2>original</td>"
                            "<td colspan=2>this model</td></tr>");
    for (const auto& candidate : candidates)
        table += QStringLiteral("<tr><td><b>%1</b></td><td align=right>%2</td><td>%3</td><td align=right>%4</td>"
                                "<td>%5</td></tr>")
                     .arg(cell_text(candidate.text), percent_text(double(candidate.original)),
                          bar(candidate.original, theme.original), percent_text(double(candidate.quantized)),
                          bar(candidate.quantized, theme.scheme_a));
    return table + QStringLiteral("</table>");
}

bool TokenText::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int token = tokenAt(help->pos());
        if (token < 0)
            QToolTip::hideText();
        else
            QToolTip::showText(help->globalPos(), candidateTable(token), this);
        return true;
    }
    return QWidget::event(event);
}

/// On the release, not the press: Qt hides tool tips at each of a button's events, the release included.
void TokenText::mouseReleaseEvent(QMouseEvent* event) {
    const int token = tokenAt(event->position().toPoint());
    if (token < 0 || event->button() != Qt::LeftButton) return;
    select(token);
    QToolTip::showText(event->globalPosition().toPoint(), candidateTable(token), this, {}, 60'000);
    Q_EMIT tokenSelected(token);
}

void TokenText::keyPressEvent(QKeyEvent* event) {
    const int count = int(column_.tokens.size());
    int token = selected_;
    if (event->key() == Qt::Key_Right)
        token = std::min(count - 1, token + 1);
    else if (event->key() == Qt::Key_Left)
        token = std::max(0, token - 1);
    else
        return QWidget::keyPressEvent(event);
    if (count == 0 || token == selected_) return;
    select(token);
    QToolTip::showText(mapToGlobal(placeOf(token).bottomLeft().toPoint()), candidateTable(token), this, {}, 60'000);
    Q_EMIT tokenSelected(token);
}

void TokenText::focusInEvent(QFocusEvent* event) {
    if (selected_ < 0 && event->reason() == Qt::TabFocusReason && !column_.tokens.empty()) select(0);
    QWidget::focusInEvent(event);
}

} // namespace quantscope::widgets
