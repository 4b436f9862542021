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
constexpr float full_colour_nats = 1.5F; ///< a divergence of this or more gets the strongest colour

QString shown(const QString& text) {
    QString made = text;
    made.replace(u'\n', QStringLiteral("↵")).replace(u'\t', QStringLiteral("⇥"));
    return made;
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
    streaming_.clear();
    selected_ = -1;
    QString all;
    for (const auto& token : column.tokens)
        all += QString::fromStdString(token.text);
    setAccessibleDescription(all);
    arrange(width(), boxes_);
    updateGeometry();
    update();
}

void TokenText::setStreaming(const QString& text) {
    column_ = {};
    streaming_ = text;
    arrange(width(), boxes_);
    updateGeometry();
    update();
}

void TokenText::clear() { setStreaming({}); }

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
    if (!streaming_.isEmpty())
        for (const QString& line : streaming_.split(u'\n')) {
            for (const QString& word : line.split(u' '))
                place(word + u' ', -1, false);
            x = margin, y += line_height;
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
            const float share = std::sqrt(std::clamp(token.kl / full_colour_nats, 0.0F, 1.0F));
            QColor colour = theme.scheme_a;
            colour.setAlphaF(0.62F * share);
            painter.setPen(box.token == selected_ ? QPen(theme.accent, 1.5) : QPen(Qt::NoPen));
            painter.setBrush(colour);
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
    if (candidates.empty()) return table;
    table += QStringLiteral("<table cellspacing=4><tr><td>most likely here</td><td align=right>original</td>"
                            "<td align=right>this model</td></tr>");
    for (const auto& candidate : candidates)
        table += QStringLiteral("<tr><td>%1</td><td align=right>%2</td><td align=right>%3</td></tr>")
                     .arg(cell_text(candidate.text), percent_text(double(candidate.original)),
                          percent_text(double(candidate.quantized)));
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

void TokenText::mousePressEvent(QMouseEvent* event) {
    const int token = tokenAt(event->position().toPoint());
    if (token < 0) return;
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
    for (const Box& box : boxes_)
        if (box.token == token)
            QToolTip::showText(mapToGlobal(box.place.bottomLeft().toPoint()), candidateTable(token), this, {}, 60'000);
    Q_EMIT tokenSelected(token);
}

void TokenText::focusInEvent(QFocusEvent* event) {
    if (selected_ < 0 && event->reason() == Qt::TabFocusReason && !column_.tokens.empty()) select(0);
    QWidget::focusInEvent(event);
}

} // namespace quantscope::widgets
