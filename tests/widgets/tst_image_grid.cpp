// The grid of sampled images: what its cells show, zoom, keys and the picture of the whole.
#include <QAbstractItemModelTester>
#include <QLabel>
#include <QTemporaryDir>
#include <QTest>

#include "core/base/errors.h"
#include "images_fixture.h"

using namespace quantscope;
using namespace quantscope::widgets;

class TestImageGrid : public QObject, private ImagesFixture {
    Q_OBJECT
private Q_SLOTS:
    void init() { start(); }
    void the_models_obey_qts_rules();
    void each_pixel_of_a_small_picture_is_a_crisp_square();
    void cells_not_sampled_yet_are_grey_and_the_rest_is_not();
    void a_picture_of_another_size_than_it_claims_is_not_drawn();
    void captions_name_metrics_and_mistakes();
    void ctrl_wheel_zooms_all_cells_by_whole_steps();
    void holding_space_shows_the_original_everywhere();
    void the_grid_is_saved_whole();
    void many_pixels_are_averaged_into_one();
    void the_first_column_is_seen_first();
};

void TestImageGrid::the_models_obey_qts_rules() {
    ImageGridModel cells;
    ImageSummaryModel summary;
    QAbstractItemModelTester cells_tester(&cells, QAbstractItemModelTester::FailureReportingMode::Fatal);
    QAbstractItemModelTester summary_tester(&summary, QAbstractItemModelTester::FailureReportingMode::Fatal);
    for (const int rows : {5, 5, 2, 0, 3}) {
        cells.setComparison(rows > 0 ? made_up::comparison(rows) : nullptr);
        summary.setComparison(cells.comparison());
        QCOMPARE(cells.rowCount(), rows);
        QCOMPARE(summary.rowCount(), rows > 0 ? 3 : 0);
    }
}

void TestImageGrid::each_pixel_of_a_small_picture_is_a_crisp_square() {
    const auto made = made_up::comparison();
    show(made);
    QCOMPARE(view_->grid().zoom(), 4.0);
    const QRect place = view_->grid().pictureRect(1, 1);
    QCOMPARE(place.size(), QSize(112, 112));
    const QImage seen = seenGrid();
    for (int y = 0; y < 112; ++y)
        for (int x = 0; x < 112; ++x)
            QCOMPARE(seen.pixelColor(place.topLeft() + QPoint(x, y)),
                     pixel(made->columns[1].pictures[1], x / 4, y / 4));
}

void TestImageGrid::cells_not_sampled_yet_are_grey_and_the_rest_is_not() {
    auto made = made_up::comparison();
    made->columns[2].pictures.resize(1); // the rest has not come yet
    made->columns[2].metrics.clear();
    made->columns[1].pictures[1].rgb.clear();
    show(made);
    const QImage seen = seenGrid();
    const auto middle = [&](int row, int column) {
        return seen.pixelColor(view_->grid().pictureRect(row, column).center());
    };
    QCOMPARE(middle(1, 1), Theme::current().grid);
    QCOMPARE(middle(1, 2), Theme::current().grid);
    QVERIFY(middle(0, 2) != Theme::current().grid);
    QVERIFY(find<QLabel>("imagesCaption")->text().contains(QLatin1String("10 of 15 images")));
    const QString told = view_->grid().cells().index(1, 2).data(Qt::AccessibleTextRole).toString();
    QVERIFY(told.contains(QLatin1String("not sampled yet")));
}

void TestImageGrid::a_picture_of_another_size_than_it_claims_is_not_drawn() {
    auto made = made_up::comparison();
    made->columns[1].pictures[0].width = 4000;
    made->columns[1].pictures[1].height = -1;
    made->columns[2].pictures[2].rgb.pop_back();
    show(made);
    view_->choose(0, 1);
    QVERIFY(canvas()->differenceMap().values.empty());
    const QImage seen = seenGrid();
    QCOMPARE(seen.pixelColor(view_->grid().pictureRect(0, 1).center()), Theme::current().grid);
}

void TestImageGrid::captions_name_metrics_and_mistakes() {
    auto made = made_up::comparison();
    made->columns[1].metrics[0] = {22.04, 0.7412, 6};
    made->columns[2].metrics[0] = {INFINITY, 1, 0};
    show(made);
    const auto& cells = view_->grid().cells();
    QCOMPARE(cells.metricsText(0, 1), QStringLiteral("22.0 dB · 0.741"));
    QCOMPARE(cells.metricsText(0, 2), QStringLiteral("∞ dB · 1.000"));
    QVERIFY(cells.metricsText(0, 0).isEmpty());
    QCOMPARE(cells.recognisedText(0, 1), QStringLiteral("Shirt"));
    QVERIFY(cells.isMistaken(0, 1));
    QVERIFY(!cells.isMistaken(0, 2));
    QCOMPARE(cells.rowTitle(1) + u' ' + cells.rowDetail(1), QStringLiteral("Trouser seed 1"));
    QCOMPARE(cells.columnDetail(1), QStringLiteral("3.2 MB · 4.25 bits"));
    QVERIFY(cells.index(0, 1).data(Qt::ToolTipRole).toString().contains(QLatin1String("not as the class asked for")));
    // The mark stands left of the name: something coloured is seen there, and nothing under the right one.
    const auto most_colourful = [this](int column) {
        const QRect place = view_->grid().pictureRect(0, column);
        const QImage seen = seenGrid();
        int most = 0;
        for (int y = place.bottom() + 20; y < place.bottom() + 36; ++y)
            for (int x = place.left(); x < place.right(); ++x)
                most =
                    std::max(most, seen.pixelColor(x, y).hslSaturation() * (seen.pixelColor(x, y).lightness() < 230));
        return most;
    };
    QVERIFY(most_colourful(1) > most_colourful(2) + 60);
}

void TestImageGrid::ctrl_wheel_zooms_all_cells_by_whole_steps() {
    show(made_up::comparison());
    auto& grid = view_->grid();
    QCOMPARE(grid.zoom(), 4.0);
    turn_wheel(grid.viewport(), {60, 60}, 1, Qt::ControlModifier);
    QCOMPARE(grid.zoom(), 5.0);
    QCOMPARE(grid.pictureRect(0, 0).size(), QSize(140, 140));
    QCOMPARE(grid.pictureRect(1, 1).size(), QSize(140, 140));
    for (int i = 0; i < 6; ++i)
        turn_wheel(grid.viewport(), {60, 60}, -1, Qt::ControlModifier);
    QCOMPARE(grid.zoom(), 0.25);
    turn_wheel(grid.viewport(), {60, 60}, 1, Qt::NoModifier); // scrolls
    QCOMPARE(grid.zoom(), 0.25);
    QTest::keyClick(&grid, Qt::Key_0);
    QCOMPARE(grid.zoom(), 4.0);
    QTest::keyClick(&grid, Qt::Key_Plus);
    QTest::keyClick(&grid, Qt::Key_Plus);
    QTest::keyClick(&grid, Qt::Key_Minus);
    QCOMPARE(grid.zoom(), 5.0);
}

void TestImageGrid::holding_space_shows_the_original_everywhere() {
    const auto made = made_up::comparison();
    show(made);
    auto& grid = view_->grid();
    grid.setFocus();
    const auto first_pixels = [&] {
        const QImage seen = grid.viewport()->grab().toImage();
        QList<QColor> colours;
        for (int x = 0; x < 28; ++x)
            colours << seen.pixelColor(grid.pictureRect(0, 1).topLeft() + QPoint(4 * x + 1, 57));
        return colours;
    };
    const auto before = first_pixels();
    QTest::keyPress(&grid, Qt::Key_Space);
    const auto held = first_pixels();
    for (int x = 0; x < 28; ++x)
        QCOMPARE(held[x], pixel(made->columns[0].pictures[0], x, 14));
    QTest::keyRelease(&grid, Qt::Key_Space);
    QCOMPARE(first_pixels(), before);
    QVERIFY(before != held);
}

void TestImageGrid::the_grid_is_saved_whole() {
    const auto made = made_up::comparison(12);
    show(made);
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("grid.png"));
    view_->grid().save(path);
    const QImage saved(path);
    QVERIFY(saved.height() > 12 * 112); // also what is scrolled away
    QVERIFY(saved.width() > 3 * 112);
    // The last row's last picture stands in it, pixel by pixel.
    const studio::Picture& last = made->columns[2].pictures[11];
    int found = 0;
    const int y0 = saved.height() - view_->grid().rowHeight(11) + 6;
    for (int x0 = saved.width() - view_->grid().columnWidth(2); x0 + 112 <= saved.width() && !found; ++x0) {
        bool same = true;
        for (int y = 0; y < 28 && same; ++y)
            for (int x = 0; x < 28 && same; ++x)
                same = saved.pixelColor(x0 + 4 * x + 2, y0 + 4 * y + 2) == pixel(last, x, y);
        found += same;
    }
    QCOMPARE(found, 1);
    QVERIFY_EXCEPTION_THROWN(view_->grid().save(folder.filePath(QStringLiteral("no/such/folder.png"))), IoError);
}

void TestImageGrid::many_pixels_are_averaged_into_one() {
    auto made = made_up::comparison(1, 256, true);
    auto& rgb = made->columns[1].pictures[0].rgb;
    for (std::size_t i = 0; i < rgb.size(); ++i)
        rgb[i] = (i / 3 + i / 3 / 256) % 2 ? 255 : 0; // a chequerboard
    show(made);
    const QRect place = view_->grid().pictureRect(0, 1);
    QCOMPARE(place.size(), QSize(128, 128));
    const QImage seen = seenGrid();
    for (int at = 8; at < 120; ++at)
        QVERIFY(std::abs(seen.pixelColor(place.topLeft() + QPoint(at, at)).red() - 127) <= 2);
    show(made_up::comparison(1, 256, true)); // nothing of the earlier picture is left
    QVERIFY(seenGrid().pixelColor(place.topLeft() + QPoint(2, 2)).red() < 10);
}

void TestImageGrid::the_first_column_is_seen_first() {
    view_->resize(700, 700);
    view_->setComparison(made_up::comparison());
    QTRY_VERIFY(view_->grid().isVisible());
    QCOMPARE(view_->grid().currentIndex(), view_->grid().cells().index(0, 1));
    QVERIFY(view_->grid().pictureRect(0, 0).left() >= 0 && view_->grid().pictureRect(0, 0).top() >= 0);
}

QTEST_MAIN(TestImageGrid)
#include "tst_image_grid.moc"
