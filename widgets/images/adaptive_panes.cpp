// Panels that stand beside each other where there is room, and behind tabs where there is none.
#include "widgets/images/adaptive_panes.h"

#include <QSplitter>
#include <QTabWidget>
#include <QVBoxLayout>

#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int medium_width = 600, spacious_width = 1000, smallest_height = 500; ///< pixels of the panels together

/// The panels are cards with lines of their own: between them is only a gap.
QSplitter* quiet_splitter(Qt::Orientation orientation) {
    auto* splitter = new QSplitter(orientation);
    splitter->setChildrenCollapsible(false);
    splitter->setHandleWidth(2 * Theme::unit);
    splitter->setStyleSheet(QStringLiteral("QSplitter::handle { background: transparent; }"));
    return splitter;
}

AdaptivePanes::Arrangement arrangement_for(const QSize& room) {
    if (room.width() < medium_width || room.height() < smallest_height) return AdaptivePanes::Arrangement::tabs;
    return room.width() < spacious_width ? AdaptivePanes::Arrangement::medium : AdaptivePanes::Arrangement::spacious;
}

} // namespace

AdaptivePanes::AdaptivePanes(const std::array<Panel, panel_count>& panels, QWidget* parent)
    : QWidget(parent)
    , panels_(panels) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    arrange(Arrangement::tabs);
}

QWidget* AdaptivePanes::makeTabs(int first, int count) {
    auto* tabs = new QTabWidget;
    tabs->setObjectName(first == 0 ? QStringLiteral("imageTabs") : QStringLiteral("imageLowerTabs"));
    tabs->setAccessibleName(tr("Panels"));
    tabs->setDocumentMode(true);
    for (int i = first; i < first + count; ++i)
        tabs->addTab(panels_[std::size_t(i)].widget, panels_[std::size_t(i)].title);
    return tabs;
}

QWidget* AdaptivePanes::makeSplitter(int first, Qt::Orientation orientation, const QList<int>& sizes) {
    QSplitter* splitter = quiet_splitter(orientation);
    for (int i = first; i < first + 2; ++i) {
        splitter->addWidget(panels_[std::size_t(i)].widget);
        panels_[std::size_t(i)].widget->show(); // a tab had hidden it
    }
    splitter->setSizes(sizes);
    return splitter;
}

void AdaptivePanes::arrange(Arrangement arrangement) {
    arrangement_ = arrangement;
    QWidget* const focused = focusWidget();
    for (const Panel& panel : panels_)
        panel.widget->setParent(this); // out of the old container, which goes
    delete container_;
    if (arrangement == Arrangement::tabs) {
        container_ = makeTabs(0, panel_count);
    } else {
        QSplitter* both = quiet_splitter(Qt::Vertical);
        both->addWidget(makeSplitter(0, Qt::Horizontal, {560, 440}));
        both->addWidget(arrangement == Arrangement::medium ? makeTabs(2, 2)
                                                           : makeSplitter(2, Qt::Horizontal, {440, 560}));
        both->setStretchFactor(0, 3);
        both->setStretchFactor(1, 1);
        both->setSizes({600, arrangement == Arrangement::medium ? 180 : 220});
        container_ = both;
    }
    layout()->addWidget(container_);
    container_->show();
    if (focused && focused->isVisible()) focused->setFocus();
}

void AdaptivePanes::bringUp(int panel) {
    for (auto* tabs : findChildren<QTabWidget*>())
        if (const int at = tabs->indexOf(panels_[std::size_t(panel)].widget); at >= 0) tabs->setCurrentIndex(at);
}

void AdaptivePanes::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    if (const Arrangement wanted = arrangement_for(size()); wanted != arrangement_) arrange(wanted);
}

} // namespace quantscope::widgets
