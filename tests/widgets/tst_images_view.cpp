// The Images view as a whole: its panels work together and fit into the window; plot, table and remarks.
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTest>

#include "images_fixture.h"

using namespace quantscope;
using namespace quantscope::widgets;

class TestImagesView : public QObject, private ImagesFixture {
    Q_OBJECT
private Q_SLOTS:
    void init() { start(); }
    void an_empty_view_offers_to_generate();
    void the_arrows_and_return_open_a_pair();
    void a_newer_snapshot_keeps_what_a_person_chose();
    void the_noise_errors_are_read_out();
    void the_summary_tells_what_a_model_costs();
    void a_narrow_view_puts_the_panels_behind_tabs();
    void remarks_and_reasons_are_said();
    void tab_leads_from_the_controls_to_the_numbers();
    void colours_follow_the_theme();
    void pictures_for_a_persons_eye();
};

void TestImagesView::an_empty_view_offers_to_generate() {
    QVERIFY(find<QLabel>("imagesEmptyText")->isVisible());
    QVERIFY(find<QLabel>("imagesEmptyText")->text().contains(QLatin1String("side by side")));
    QSignalSpy asked(view_.get(), &ImagesView::requested);
    click("imagesEmptyGenerate");
    QCOMPARE(asked.size(), 1);
    show(made_up::comparison());
    QVERIFY(!find<QLabel>("imagesEmptyText")->isVisible());
    view_->clear();
    QVERIFY(find<QLabel>("imagesEmptyText")->isVisible());
}

void TestImagesView::the_arrows_and_return_open_a_pair() {
    show(made_up::comparison());
    auto& grid = view_->grid();
    grid.setFocus();
    QTest::keyClick(&grid, Qt::Key_Down);
    QTest::keyClick(&grid, Qt::Key_Right);
    QCOMPARE(grid.currentIndex(), grid.cells().index(1, 2));
    QVERIFY(find<QLabel>("pairTitle")->text().startsWith(QLatin1String("Trouser, seed 1")));
    QTest::keyClick(&grid, Qt::Key_Return);
    QTRY_VERIFY(canvas()->hasFocus());
    QTest::keyClick(canvas(), Qt::Key_PageDown); // and on from row to row without leaving the pair
    QCOMPARE(grid.currentIndex(), grid.cells().index(2, 2));
    QTest::keyClick(canvas(), Qt::Key_Escape);
    QTRY_VERIFY(grid.hasFocus());
    QTest::mouseClick(grid.viewport(), Qt::LeftButton, {}, grid.pictureRect(0, 1).center());
    QCOMPARE(grid.currentIndex(), grid.cells().index(0, 1));
    QVERIFY(find<QLabel>("pairTitle")->text().startsWith(QLatin1String("T-shirt, seed 0")));
    QVERIFY(grid.hasFocus());
}

void TestImagesView::a_newer_snapshot_keeps_what_a_person_chose() {
    auto first = made_up::comparison();
    first->columns[2].pictures.clear();
    show(first);
    auto& grid = view_->grid();
    view_->choose(2, 2);
    grid.setZoom(3);
    canvas()->setDivider(0.25);
    canvas()->setZoom(10);
    show(made_up::comparison());
    QCOMPARE(grid.currentIndex(), grid.cells().index(2, 2));
    QCOMPARE(grid.zoom(), 3.0);
    QCOMPARE(canvas()->divider(), 0.25);
    QCOMPARE(canvas()->zoom(), 10.0);
    QVERIFY(!canvas()->differenceMap().values.empty());
}

void TestImagesView::the_noise_errors_are_read_out() {
    auto made = made_up::comparison();
    made->columns[1].noise_errors = {{900, 0.01}, {500, 0.05}, {100, NAN}, {0, 0.2}};
    made->columns[2].noise_errors = {{900, 0.005}, {500, 0.025}, {0, 0.1}};
    show(made);
    auto* plot = find<NoiseErrorPlot>("noiseErrorPlot");
    QTRY_VERIFY(plot->isVisible());
    QCOMPARE(plot->full_horizontal(), QCPRange(0, 900));
    plot->replot();
    QVERIFY(plot->xAxis->coordToPixel(900) < plot->xAxis->coordToPixel(0)); // sampling goes to the right
    const QPoint at(int(plot->xAxis->coordToPixel(510)), plot->axisRect()->center().y());
    QTest::mouseMove(plot, at);
    for (const char* said : {"t = 500", "uniform W4 g64 0.0500", "0.0250"})
        QVERIFY2(plot->readout().contains(QLatin1String(said)), qPrintable(plot->readout()));
    // The first curve is drawn in its model's colour.
    const QImage seen = plot->toPixmap().toImage();
    const QPoint point(int(plot->xAxis->coordToPixel(500)), int(plot->yAxis->coordToPixel(0.05)));
    bool coloured = false;
    for (int dy = -2; dy <= 2; ++dy)
        coloured |= seen.pixelColor(point + QPoint(0, dy)) == Theme::current().model_colour(1);
    QVERIFY(coloured);
    made->columns[1].noise_errors.clear();
    made->columns[2].noise_errors.clear();
    show(std::make_shared<studio::ImageComparison>(*made));
    QVERIFY(plot->isEmpty() && !plot->empty_text().isEmpty());
}

void TestImagesView::the_summary_tells_what_a_model_costs() {
    show(made_up::comparison());
    auto* table = find<QTableView>("imageSummary");
    const auto cell = [&](int row, int column) { return table->model()->index(row, column).data().toString(); };
    QCOMPARE(cell(1, ImageSummaryModel::name_column), QStringLiteral("uniform W4 g64"));
    QCOMPARE(cell(1, ImageSummaryModel::size_column), QStringLiteral("3.2 MB"));
    QCOMPARE(cell(1, ImageSummaryModel::bits_column), QStringLiteral("4.25"));
    QCOMPARE(cell(0, ImageSummaryModel::psnr_column), QStringLiteral("–"));
    QCOMPARE(cell(1, ImageSummaryModel::psnr_column), QStringLiteral("21.1 dB"));
    QCOMPARE(cell(0, ImageSummaryModel::recognised_column), QStringLiteral("95.0 %"));
    QCOMPARE(cell(0, ImageSummaryModel::frechet_column), QStringLiteral("3.10"));
    QCOMPARE(cell(0, ImageSummaryModel::seconds_column), QStringLiteral("12.3 s"));
    const QString tip = table->model()->headerData(5, Qt::Horizontal, Qt::ToolTipRole).toString();
    QVERIFY(tip.contains(QLatin1String("5000 samples against test images")));
    // A click on a model shows its pair.
    view_->choose(2, 1);
    table->selectRow(2);
    QCOMPARE(view_->grid().currentIndex(), view_->grid().cells().index(2, 2));
}

void TestImagesView::a_narrow_view_puts_the_panels_behind_tabs() {
    show(made_up::comparison());
    auto* panes = view_->findChild<AdaptivePanes*>();
    QCOMPARE(panes->arrangement(), AdaptivePanes::Arrangement::spacious);
    QVERIFY(canvas()->isVisible() && find<QTableView>("imageSummary")->isVisible());
    view_->choose(1, 1);
    view_->resize(700, 700);
    QTRY_COMPARE(panes->arrangement(), AdaptivePanes::Arrangement::medium);
    QVERIFY(canvas()->isVisible() && !find<QTableView>("imageSummary")->isVisible());
    view_->resize(420, 560);
    QTRY_COMPARE(panes->arrangement(), AdaptivePanes::Arrangement::tabs);
    QTRY_VERIFY(view_->grid().isVisible() && !canvas()->isVisible());
    QVERIFY(view_->width() == 420); // nothing forces it wider
    QCOMPARE(view_->grid().currentIndex(), view_->grid().cells().index(1, 1));
    QTest::mouseClick(view_->grid().viewport(), Qt::LeftButton, {}, view_->grid().pictureRect(0, 1).center());
    QTRY_VERIFY(canvas()->isVisible());
    canvas()->setFocus();
    QTest::keyClick(canvas(), Qt::Key_Escape);
    QTRY_VERIFY(view_->grid().isVisible());
    view_->resize(1100, 760);
    QTRY_VERIFY(canvas()->isVisible() && view_->grid().isVisible() && find<QTableView>("imageSummary")->isVisible());
}

void TestImagesView::remarks_and_reasons_are_said() {
    auto made = made_up::comparison();
    made->columns[0].pictures[0].false_colour = true;
    show(made);
    QVERIFY(find<QLabel>("imagesRemark")->isVisible());
    QVERIFY(find<QLabel>("imagesRemark")->text().contains(QLatin1String("false colour")));
    QVERIFY(find<QLabel>("imagesCaption")->text().contains(QStringLiteral("DDIM · 50 steps · guidance 4.0")));
    show(made_up::comparison());
    QVERIFY(!find<QLabel>("imagesRemark")->isVisible());
    view_->setAvailable(false, QStringLiteral("it has text conditioning; only its weights can be quantized"));
    QVERIFY(find<QLabel>("imagesUnavailable")->isVisible());
    QVERIFY(!find<QPushButton>("imageGenerate")->isEnabled());
}

void TestImagesView::tab_leads_from_the_controls_to_the_numbers() {
    for (const int width : {1100, 420}) {
        view_->resize(width, 760);
        show(made_up::comparison());
        QStringList order;
        QWidget* at = find<QWidget>("imageClasses");
        for (QWidget* next = at; next; next = next == view_.get() ? nullptr : next->nextInFocusChain()) {
            if (!(next->focusPolicy() & Qt::TabFocus) || next->objectName().startsWith(QLatin1String("qt_"))) continue;
            order << next->objectName();
            QVERIFY2(!next->accessibleName().isEmpty() || next->inherits("QTabBar") || next->window() != view_.get(),
                     qPrintable(next->objectName()));
        }
        qsizetype last = -1;
        for (const char* name : {"imageClasses", "imageSeeds", "imageModels", "imageSampler", "imageSteps",
                                 "imageGuidance", "imageGenerate", "imageGrid", "pairSideBySide", "pairDifference",
                                 "pairCanvas", "noiseErrorPlot", "imageSummary"}) {
            const qsizetype place = order.indexOf(QLatin1String(name));
            QVERIFY2(place > last, qPrintable(QLatin1String(name) + QStringLiteral(" in ") + order.join(u' ')));
            last = place;
        }
    }
}

void TestImagesView::colours_follow_the_theme() {
    show(made_up::comparison());
    view_->setPairMode(PairCanvas::Mode::difference);
    const auto corner = [this] { return canvas()->grab().toImage().pixelColor(3, canvas()->height() - 3); };
    QCOMPARE(corner(), Theme::current().panel);
    ThemeNotifier::instance().apply(ThemeChoice::dark);
    QCOMPARE(corner(), Theme::current().panel);
    QCOMPARE(seenGrid().pixelColor(1, 1), Theme::current().panel);
    ThemeNotifier::instance().apply(ThemeChoice::light);
}

/// With QUANTSCOPE_GRAB=folder: what the view looks like, to be looked at.
void TestImagesView::pictures_for_a_persons_eye() {
    if (qEnvironmentVariable("QUANTSCOPE_GRAB").isEmpty()) QSKIP("QUANTSCOPE_GRAB names no folder");
    for (const bool dark : {false, true}) {
        ThemeNotifier::instance().apply(dark ? ThemeChoice::dark : ThemeChoice::light);
        const QString theme = dark ? QStringLiteral("_dark.png") : QStringLiteral("_light.png");
        view_->clear();
        view_->resize(700, 720);
        save(QStringLiteral("images_empty") + theme);
        auto made = made_up::comparison();
        made->columns.push_back(made_up::column("piecewise W3", made->rows, 60, 2.4e6, 3.13));
        auto part = std::make_shared<studio::ImageComparison>(*made);
        part->columns[3].pictures.resize(2);
        part->columns[3].metrics.resize(2);
        part->columns[3].noise_errors.clear();
        show(part);
        view_->setBusy(true);
        QTest::qWait(30);
        view_->choose(1, 1);
        view_->setPairMode(PairCanvas::Mode::wipe);
        save(QStringLiteral("images_part") + theme);
        view_->setBusy(false);
        show(made);
        view_->resize(1300, 860);
        QTest::qWait(30);
        for (const auto& [mode, name] :
             {std::pair(PairCanvas::Mode::side_by_side, "side"), std::pair(PairCanvas::Mode::wipe, "wipe"),
              std::pair(PairCanvas::Mode::difference, "difference")}) {
            view_->setPairMode(mode);
            canvas()->setCursorPixel(QPoint(12, 9));
            QTest::qWait(30);
            save(QStringLiteral("images_") + QLatin1String(name) + theme);
        }
        view_->resize(440, 620);
        QTest::qWait(30);
        save(QStringLiteral("images_narrow") + theme);
        show(made_up::comparison(6, 256, true));
        view_->resize(1000, 700);
        view_->setPairMode(PairCanvas::Mode::side_by_side);
        QTest::qWait(30);
        save(QStringLiteral("images_colour") + theme);
    }
    ThemeNotifier::instance().apply(ThemeChoice::light);
}

QTEST_MAIN(TestImagesView)
#include "tst_images_view.moc"
