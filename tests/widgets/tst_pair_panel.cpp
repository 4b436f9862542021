// Two sampled images held against each other: side by side, wipe, flicker and difference, by mouse and keyboard.
#include <QLabel>
#include <QPushButton>
#include <QTest>

#include "images_fixture.h"

using namespace quantscope;
using namespace quantscope::widgets;

class TestPairPanel : public QObject, private ImagesFixture {
    Q_OBJECT
private Q_SLOTS:
    void init() { start(); }
    void side_by_side_zooms_and_moves_both();
    void the_wipe_follows_mouse_and_keys();
    void flicker_shows_both_in_turns_and_stays_at_the_original_while_held();
    void the_difference_is_signed_and_its_scale_is_the_rows();
    void the_values_under_the_cursor_are_exact();
    void the_originals_cell_is_held_against_the_last_model();
};

void TestPairPanel::side_by_side_zooms_and_moves_both() {
    show(made_up::comparison());
    view_->choose(0, 1);
    const auto places = canvas()->pictureRects();
    QCOMPARE(places.size(), 2);
    const double before = canvas()->zoom();
    // What is under the cursor stays under it, in both, but for what keeps the picture in its pane's middle.
    const QPointF at = places[0].center() + QPointF(30, -20);
    const QPointF part((at.x() - places[0].left()) / places[0].width(),
                       (at.y() - places[0].top()) / places[0].height());
    for (int i = 0; i < 4; ++i)
        turn_wheel(canvas(), at, 1, Qt::NoModifier);
    QCOMPARE(canvas()->zoom(), before + 4);
    const auto near = canvas()->pictureRects();
    QCOMPARE(near[0].size(), near[1].size());
    QVERIFY(std::abs(near[0].left() + part.x() * near[0].width() - at.x()) <= 6);
    const QPointF apart = near[1].topLeft() - near[0].topLeft();
    QTest::mousePress(canvas(), Qt::LeftButton, {}, at.toPoint());
    QTest::mouseMove(canvas(), at.toPoint() + QPoint(-10, 5));
    QTest::mouseRelease(canvas(), Qt::LeftButton, {}, at.toPoint() + QPoint(-10, 5));
    const auto moved = canvas()->pictureRects();
    QVERIFY(moved[0].left() < near[0].left());
    QCOMPARE(moved[1].topLeft() - moved[0].topLeft(), apart);
    QTest::keyClick(canvas(), Qt::Key_0);
    QCOMPARE(canvas()->zoom(), before);
    QCOMPARE(canvas()->pictureRects(), places);
}

void TestPairPanel::the_wipe_follows_mouse_and_keys() {
    auto made = made_up::comparison();
    for (auto& value : made->columns[0].pictures[0].rgb)
        value = 10;
    for (auto& value : made->columns[1].pictures[0].rgb)
        value = 200;
    show(made);
    view_->choose(0, 1);
    click("pairWipe");
    QCOMPARE(canvas()->mode(), PairCanvas::Mode::wipe);
    const QRectF place = canvas()->pictureRects().front();
    const auto level = [&](double part) {
        return canvas()->grab().toImage().pixelColor((place.left() + part * place.width()), int(place.top()) + 9).red();
    };
    QCOMPARE(level(0.3), 10);
    QCOMPARE(level(0.7), 200);
    const auto at = [&](double part) {
        return QPoint(int(place.left() + part * place.width()), int(place.center().y()));
    };
    QTest::mousePress(canvas(), Qt::LeftButton, {}, at(0.5));
    QTest::mouseMove(canvas(), at(0.8));
    QTest::mouseRelease(canvas(), Qt::LeftButton, {}, at(0.8));
    QVERIFY(std::abs(canvas()->divider() - 0.8) < 0.01);
    QCOMPARE(level(0.7), 10);
    QTest::keyClick(canvas(), Qt::Key_Right);
    QVERIFY(canvas()->divider() > 0.81);
    QTest::keyClick(canvas(), Qt::Key_Home);
    QCOMPARE(level(0.1), 200);
    QTest::keyClick(canvas(), Qt::Key_End);
    QCOMPARE(level(0.9), 10);
    QTest::keyClick(canvas(), Qt::Key_Right);
    QCOMPARE(canvas()->divider(), 1.0);
}

void TestPairPanel::flicker_shows_both_in_turns_and_stays_at_the_original_while_held() {
    show(made_up::comparison());
    view_->choose(0, 1);
    canvas()->setFocus();
    QTest::keyClick(canvas(), Qt::Key_3);
    QVERIFY(find<QPushButton>("pairFlicker")->isChecked());
    QVERIFY(canvas()->showsOriginal());
    const QImage original = canvas()->grab().toImage();
    QTRY_VERIFY_WITH_TIMEOUT(!canvas()->showsOriginal(), 2000);
    QVERIFY(canvas()->grab().toImage() != original);
    QTRY_VERIFY_WITH_TIMEOUT(canvas()->showsOriginal(), 2000);
    QTest::keyPress(canvas(), Qt::Key_Space);
    for (int i = 0; i < 7; ++i) {
        QTest::qWait(100);
        QVERIFY(canvas()->showsOriginal());
    }
    QTest::keyRelease(canvas(), Qt::Key_Space);
    QVERIFY(!canvas()->showsOriginal());
    QTest::keyClick(canvas(), Qt::Key_2); // in the other modes the key does the same
    QTest::keyPress(canvas(), Qt::Key_Space);
    QVERIFY(canvas()->showsOriginal());
    QTest::keyRelease(canvas(), Qt::Key_Space);
    QVERIFY(!canvas()->showsOriginal());
}

void TestPairPanel::the_difference_is_signed_and_its_scale_is_the_rows() {
    auto made = made_up::comparison(1);
    for (auto& column : made->columns)
        column.pictures[0] = {2, 1, {100, 100, 100, 100, 100, 100}, false};
    made->columns[1].pictures[0].rgb = {130, 130, 130, 40, 100, 100}; // +30; (−60 + 0 + 0) / 3 = −20
    made->columns[2].pictures[0].rgb = {100, 100, 100, 160, 160, 160};
    show(made);
    view_->choose(0, 1);
    QTest::keyClick(canvas(), Qt::Key_4);
    QCOMPARE(canvas()->differenceMap().at(0, 0), 30.0F);
    QCOMPARE(canvas()->differenceMap().at(1, 0), -20.0F);
    QCOMPARE(canvas()->differenceLimit(), 60.0); // the other column's
    QVERIFY(find<QWidget>("differenceScale")->isVisible());
    const QRectF place = canvas()->pictureRects().front();
    const QImage seen = canvas()->grab().toImage();
    const QColor left = seen.pixelColor(int(place.left() + place.width() / 4), int(place.center().y()));
    const QColor right = seen.pixelColor(int(place.left() + 3 * place.width() / 4), int(place.center().y()));
    const auto near = [](const QColor& a, const QColor& b) {
        return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue()) < 8;
    };
    QVERIFY(near(left, diverging(0.5 + 30.0 / 120)));
    QVERIFY(near(right, diverging(0.5 - 20.0 / 120)));
}

void TestPairPanel::the_values_under_the_cursor_are_exact() {
    auto made = made_up::comparison();
    const auto set = [](studio::Picture& picture, int x, int y, std::array<std::uint8_t, 3> rgb) {
        std::copy(rgb.begin(), rgb.end(), picture.rgb.begin() + (y * 28 + x) * 3);
    };
    set(made->columns[0].pictures[0], 5, 9, {34, 34, 34});
    set(made->columns[1].pictures[0], 5, 9, {12, 30, 40});
    show(made);
    view_->choose(0, 1);
    auto* readout = find<QLabel>("pairReadout");
    for (const QRectF& place : canvas()->pictureRects()) { // the same from either picture
        const double zoom = canvas()->zoom();
        QTest::mouseMove(canvas(), (place.topLeft() + QPointF(5.5, 9.5) * zoom).toPoint());
        QCOMPARE(canvas()->cursorPixel(), QPoint(5, 9));
        QCOMPARE(readout->text(),
                 QStringLiteral("x 5, y 9 · original 34 · uniform W4 g64 12 30 40 · difference −6.67"));
    }
    QTest::keyClick(canvas(), Qt::Key_Right, Qt::ControlModifier);
    QCOMPARE(canvas()->cursorPixel(), QPoint(6, 9));
    QVERIFY(readout->text().startsWith(QLatin1String("x 6, y 9")));
}

void TestPairPanel::the_originals_cell_is_held_against_the_last_model() {
    show(made_up::comparison());
    view_->choose(0, 2);
    view_->choose(3, 0);
    canvas()->setCursorPixel(QPoint(3, 3));
    QVERIFY(canvas()->pixelText().contains(QLatin1String("study")));
    auto alone = std::make_shared<studio::ImageComparison>(*made_up::comparison());
    alone->columns.resize(1);
    show(alone);
    view_->choose(0, 0);
    QVERIFY(!canvas()->pixelText().contains(QLatin1String("difference")));
    for (const char* mode : {"pairWipe", "pairFlicker", "pairDifference", "pairSideBySide"}) {
        click(mode);
        QVERIFY(!canvas()->grab().isNull());
    }
}

QTEST_MAIN(TestPairPanel)
#include "tst_pair_panel.moc"
