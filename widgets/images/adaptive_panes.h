// Panels that stand beside each other where there is room, and behind tabs where there is none.
#pragma once

#include <QWidget>
#include <array>

namespace quantscope::widgets {

class AdaptivePanes : public QWidget {
    Q_OBJECT
public:
    enum class Arrangement {
        tabs,    ///< one panel at a time
        medium,  ///< two above, the two below behind tabs
        spacious ///< two above, two below
    };
    struct Panel {
        QWidget* widget;
        QString title;
    };
    static constexpr int panel_count = 4;

    /// \param panels  left above, right above, left below, right below; owned from now on
    explicit AdaptivePanes(const std::array<Panel, panel_count>& panels, QWidget* parent = nullptr);

    Arrangement arrangement() const { return arrangement_; }
    void bringUp(int panel); ///< chooses its tab where it is behind one

    QSize minimumSizeHint() const override { return {200, 200}; }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void arrange(Arrangement arrangement);
    QWidget* makeSplitter(int first, Qt::Orientation orientation, const QList<int>& sizes);
    QWidget* makeTabs(int first, int count);

    std::array<Panel, panel_count> panels_;
    Arrangement arrangement_ = Arrangement::tabs;
    QWidget* container_ = nullptr;
};

} // namespace quantscope::widgets
