// An Images view on the screen, and how tests find and see its parts.
#pragma once

#include <QTest>
#include <QWheelEvent>

#include "made_up_images.h"
#include "widgets/images/images_view.h"
#include "widgets/theme.h"

namespace quantscope::widgets {

struct ImagesFixture {
    void start() {
        ThemeNotifier::instance().apply(ThemeChoice::light);
        view_ = std::make_unique<ImagesView>();
        view_->setClasses(names());
        view_->setModels({{"present recipe", {{"bits", 4}}}, {"study mix", {{"bits", 3}}}});
        view_->resize(1100, 760);
        view_->show();
        QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
    }
    template <typename W>
    W* find(const char* name) {
        return view_->findChild<W*>(QLatin1String(name));
    }
    PairCanvas* canvas() { return find<PairCanvas>("pairCanvas"); }
    void click(const char* button) { QTest::mouseClick(find<QPushButton>(button), Qt::LeftButton); }
    QStringList names() const {
        QStringList all;
        for (const char* name : made_up::class_names)
            all << QString::fromLatin1(name);
        return all;
    }
    void show(ComparisonSnapshot comparison) {
        view_->setComparison(std::move(comparison));
        QTest::qWait(1); // the page that takes the empty one's place is laid out by the event loop
    }
    void save(const QString& name) {
        if (const QString folder = qEnvironmentVariable("QUANTSCOPE_GRAB"); !folder.isEmpty())
            QVERIFY(view_->grab().save(folder + QLatin1Char('/') + name));
    }
    QImage seenGrid() { return view_->grid().viewport()->grab().toImage(); }

    std::unique_ptr<ImagesView> view_;
};

inline void turn_wheel(QWidget* widget, const QPointF& at, int steps, Qt::KeyboardModifiers modifiers) {
    QWheelEvent event(at, widget->mapToGlobal(at), {}, {0, 120 * steps}, Qt::NoButton, modifiers, Qt::NoScrollPhase,
                      false);
    QCoreApplication::sendEvent(widget, &event);
}

inline QColor pixel(const studio::Picture& picture, int x, int y) {
    const auto* rgb = picture.rgb.data() + (y * picture.width + x) * 3;
    return {rgb[0], rgb[1], rgb[2]};
}

} // namespace quantscope::widgets
