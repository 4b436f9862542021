// A text drawn token by token, each coloured by how far the model's prediction of it diverges from the original's.
#pragma once

#include <QTextLayout>
#include <QWidget>
#include <functional>
#include <vector>

#include "core/studio/views.h"

namespace quantscope::widgets {

class TokenText : public QWidget {
    Q_OBJECT
public:
    /// The candidates at a position of the text, most likely first; empty where there are none.
    using Candidates = std::function<std::vector<studio::TokenCandidate>(std::size_t position)>;

    static constexpr float full_colour_nats = 1.5F; ///< a divergence of this or more gets the strongest colour
    static QColor colour_of(float kl);

    explicit TokenText(QWidget* parent = nullptr);
    void setColumn(const studio::TextColumn& column);
    void setCandidates(Candidates candidates) { candidates_ = std::move(candidates); }
    const studio::TextColumn& column() const { return column_; }
    int tokenAt(const QPoint& place) const; ///< −1: none
    int selected() const { return selected_; }
    void select(int token);
    QString candidateTable(int token) const; ///< rich text for the tool tip: both distributions as bars
    QRectF placeOf(int token) const;

    QSize sizeHint() const override;
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;

Q_SIGNALS:
    void tokenSelected(int token);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    bool event(QEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;

private:
    struct Box {
        QRectF place;
        QString text;
        int token;
    };
    qreal arrange(qreal width, std::vector<Box>& boxes) const;

    studio::TextColumn column_;
    Candidates candidates_;
    std::vector<Box> boxes_;
    int selected_ = -1;
};

} // namespace quantscope::widgets
