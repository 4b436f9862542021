// The theme: contrast of text, icons that follow the theme, and every view told of a change.
#include "widgets/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QSignalSpy>
#include <QTest>
#include <cmath>

using namespace quantscope::widgets;

namespace {

/// Relative luminance and contrast as WCAG 2.1 defines them.
double luminance(const QColor& colour) {
    const auto linear = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}
double contrast(const QColor& a, const QColor& b) {
    const double one = luminance(a) + 0.05, other = luminance(b) + 0.05;
    return std::max(one, other) / std::min(one, other);
}

QColor strongest_pixel(const QIcon& icon, QIcon::Mode mode = QIcon::Normal) {
    const QImage image = icon.pixmap(QSize(22, 22), mode).toImage().convertToFormat(QImage::Format_ARGB32);
    QColor best(0, 0, 0, 0);
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            if (image.pixelColor(x, y).alpha() > best.alpha()) best = image.pixelColor(x, y);
    return best;
}

} // namespace

class TestTheme : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void text_has_enough_contrast_on_every_ground_data() {
        QTest::addColumn<ThemeChoice>("choice");
        QTest::newRow("light") << ThemeChoice::light;
        QTest::newRow("dark") << ThemeChoice::dark;
    }
    void text_has_enough_contrast_on_every_ground() {
        QFETCH(ThemeChoice, choice);
        ThemeNotifier::instance().apply(choice);
        const Theme& theme = Theme::current();
        for (const QColor& ground : {theme.window, theme.panel, theme.plot, theme.selection}) {
            QVERIFY(contrast(theme.text, ground) >= 4.5);
            QVERIFY2(contrast(theme.secondary, ground) >= 4.5, qPrintable(ground.name()));
        }
        QVERIFY(contrast(theme.accent, theme.on_accent()) >= 4.5);
        QCOMPARE(QApplication::palette().color(QPalette::Window), theme.window);
    }

    void a_box_partly_ticked_looks_like_none_else_data() { text_has_enough_contrast_on_every_ground_data(); }
    void a_box_partly_ticked_looks_like_none_else() {
        QFETCH(ThemeChoice, choice);
        ThemeNotifier::instance().apply(choice);
        QCheckBox box;
        box.setTristate(true);
        const auto picture = [&box](Qt::CheckState state) {
            box.setCheckState(state);
            return box.grab().toImage();
        };
        const QImage none = picture(Qt::Unchecked), some = picture(Qt::PartiallyChecked), all = picture(Qt::Checked);
        const auto strong_differences = [](const QImage& a, const QImage& b) {
            int count = 0;
            for (int y = 0; y < a.height(); ++y)
                for (int x = 0; x < a.width(); ++x)
                    count +=
                        contrast(a.pixelColor(x, y), b.pixelColor(x, y)) >= 3; // WCAG's least for a control's state
            return count;
        };
        QVERIFY2(strong_differences(some, none) > 50, qPrintable(QString::number(strong_differences(some, none))));
        QVERIFY2(strong_differences(some, all) > 4, qPrintable(QString::number(strong_differences(some, all))));
    }

    void every_view_is_told_of_a_change() {
        QSignalSpy spy(&ThemeNotifier::instance(), &ThemeNotifier::changed);
        ThemeNotifier::instance().apply(ThemeChoice::dark);
        QCOMPARE(spy.size(), 1);
        QVERIFY(Theme::current().dark);
        QCOMPARE(Theme::current().window, QColor("#16181C"));
        ThemeNotifier::instance().apply(ThemeChoice::light);
        QCOMPARE(Theme::current().window, QColor("#F6F7F9"));
    }

    void an_icon_takes_the_colour_of_the_theme_it_is_painted_in() {
        ThemeNotifier::instance().apply(ThemeChoice::light);
        const QIcon icon = themed_icon("edit-undo");
        QVERIFY(!icon.isNull());
        QCOMPARE(strongest_pixel(icon), Theme::current().text);
        ThemeNotifier::instance().apply(ThemeChoice::dark);
        QCOMPARE(strongest_pixel(icon), Theme::current().text);
        QVERIFY(strongest_pixel(icon, QIcon::Disabled).alpha() < 128);
    }

    void every_listed_icon_is_inside_the_program() {
        QFile list(QUANTSCOPE_SOURCE "/resources/icons/icons.txt");
        QVERIFY(list.open(QIODevice::ReadOnly));
        int icons = 0;
        for (const QByteArray& line : list.readAll().split('\n')) {
            if (line.isEmpty() || line.startsWith('#')) continue;
            const QString name = QString::fromUtf8(line.split('/').last());
            QVERIFY2(strongest_pixel(themed_icon(name)).alpha() > 128, qPrintable(name));
            ++icons;
        }
        QVERIFY(icons > 20);
        QVERIFY(themed_icon("no-such-icon").isNull());
    }

    void viridis_grows_lighter_from_0_to_1() {
        for (int i = 1; i <= 100; ++i)
            QVERIFY(luminance(viridis(i / 100.0)) > luminance(viridis((i - 1) / 100.0)));
        QCOMPARE(viridis(0), QColor("#440154"));
        QCOMPARE(viridis(1), QColor("#FDE725"));
    }
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
