// The Images view, driven as a person does: grid, wipe, flicker, difference and zoom, and what is asked for.
#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>

#include "core/base/errors.h"
#include "made_up_images.h"
#include "widgets/images/images_view.h"
#include "widgets/theme.h"

using namespace quantscope;
using namespace quantscope::widgets;

namespace {

void turn_wheel(QWidget* widget, const QPointF& at, int steps, Qt::KeyboardModifiers modifiers) {
    QWheelEvent event(at, widget->mapToGlobal(at), {}, {0, 120 * steps}, Qt::NoButton, modifiers, Qt::NoScrollPhase,
                      false);
    QCoreApplication::sendEvent(widget, &event);
}

QColor pixel(const studio::Picture& picture, int x, int y) {
    const auto* rgb = picture.rgb.data() + (y * picture.width + x) * 3;
    return {rgb[0], rgb[1], rgb[2]};
}

} // namespace

class TestImagesView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { ThemeNotifier::instance().apply(ThemeChoice::light); }
    void init();
    void an_empty_view_offers_to_generate();
    void generate_asks_for_what_the_controls_say();
    void ranges_of_seeds_are_read_and_written_data();
    void ranges_of_seeds_are_read_and_written();
    void what_cannot_be_asked_for_is_said_and_not_asked_for();
    void generate_becomes_stop_while_it_works();
    void a_request_of_an_earlier_session_comes_back();
    void classes_are_ticked_by_name();
    void the_models_obey_qts_rules();
    void each_pixel_of_a_small_picture_is_a_crisp_square();
    void cells_not_sampled_yet_are_grey_and_the_rest_is_not();
    void a_picture_of_another_size_than_it_claims_is_not_drawn();
    void captions_name_metrics_and_mistakes();
    void ctrl_wheel_zooms_all_cells_by_whole_steps();
    void the_arrows_and_return_open_a_pair();
    void holding_space_shows_the_original_everywhere();
    void a_newer_snapshot_keeps_what_a_person_chose();
    void the_grid_is_saved_whole();
    void side_by_side_zooms_and_moves_both();
    void the_wipe_follows_mouse_and_keys();
    void flicker_shows_both_in_turns_and_stays_at_the_original_while_held();
    void the_difference_is_signed_and_its_scale_is_the_rows();
    void the_values_under_the_cursor_are_exact();
    void the_originals_cell_is_held_against_the_last_model();
    void the_noise_errors_are_read_out();
    void the_summary_tells_what_a_model_costs();
    void a_narrow_view_puts_the_panels_behind_tabs();
    void remarks_and_reasons_are_said();
    void colours_follow_the_theme();
    void pictures_for_a_persons_eye();

private:
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
    std::unique_ptr<ImagesView> view_;
};

void TestImagesView::init() {
    view_ = std::make_unique<ImagesView>();
    view_->setClasses(names());
    view_->setModels({{"present recipe", {{"bits", 4}}}, {"study mix", {{"bits", 3}}}});
    view_->resize(1100, 760);
    view_->show();
    QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
}

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

void TestImagesView::generate_asks_for_what_the_controls_say() {
    QSignalSpy asked(view_.get(), &ImagesView::requested);
    find<ChoiceButton>("imageClasses")->setChosen({1, 7});
    find<QLineEdit>("imageSeeds")->setText(QStringLiteral("3-4"));
    find<QComboBox>("imageSampler")->setCurrentIndex(2);
    find<QSpinBox>("imageSteps")->setValue(20);
    find<QDoubleSpinBox>("imageGuidance")->setValue(1.5);
    QTest::keyClick(view_.get(), Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(asked.size(), 1);
    const auto request = asked[0][0].value<studio::ImageRequest>();
    QCOMPARE(request.rows.size(), std::size_t(4));
    QCOMPARE(request.rows[1].label, 1);
    QCOMPARE(request.rows[1].seed, std::uint64_t(4));
    QCOMPARE(request.rows[2].class_name, std::string("Sneaker"));
    QCOMPARE(request.sampler, std::string("dpm++"));
    QCOMPARE(request.steps, 20);
    QCOMPARE(request.guidance, 1.5);
    QCOMPARE(request.models.size(), std::size_t(1)); // the first one is ticked when models become known
    QCOMPARE(request.models[0].name, std::string("present recipe"));
}

void TestImagesView::ranges_of_seeds_are_read_and_written_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("again"); // "?": cannot be read
    QTest::newRow("one") << "7"
                         << "7";
    QTest::newRow("range") << "0-4"
                           << "0–4";
    QTest::newRow("range with a dash") << " 0 – 2 , 9"
                                       << "0–2, 9";
    QTest::newRow("twice the same") << "1,1,2"
                                    << "1–2";
    QTest::newRow("the largest") << "18446744073709551615"
                                 << "18446744073709551615";
    QTest::newRow("ends at the largest") << "18446744073709551614-18446744073709551615"
                                         << "18446744073709551614–18446744073709551615";
    QTest::newRow("too large") << "18446744073709551616"
                               << "?";
    QTest::newRow("too many") << "0-1000000000000"
                              << "?";
    QTest::newRow("backwards") << "4-0"
                               << "?";
    QTest::newRow("negative") << "-4"
                              << "?";
    QTest::newRow("words") << "all"
                           << "?";
    QTest::newRow("nothing") << ""
                             << "";
}

void TestImagesView::ranges_of_seeds_are_read_and_written() {
    QFETCH(QString, text);
    QFETCH(QString, again);
    const auto seeds = seeds_from(text);
    QCOMPARE(seeds ? seeds_text(*seeds) : QStringLiteral("?"), again);
}

void TestImagesView::what_cannot_be_asked_for_is_said_and_not_asked_for() {
    QSignalSpy asked(view_.get(), &ImagesView::requested);
    auto* summary = find<QLabel>("imageRequestSummary");
    QCOMPARE(summary->text(), QStringLiteral("5 rows × 2 models = 10 images"));
    find<QLineEdit>("imageSeeds")->setText(QStringLiteral("many"));
    QVERIFY(summary->text().contains(QStringLiteral("0–4, 7")));
    QVERIFY(!find<QPushButton>("imageGenerate")->isEnabled());
    QTest::keyClick(find<QLineEdit>("imageSeeds"), Qt::Key_Return);
    find<QLineEdit>("imageSeeds")->setText(QStringLiteral("0"));
    find<ChoiceButton>("imageClasses")->setChosen({});
    QVERIFY(summary->text().contains(QLatin1String("class")));
    view_->generate();
    QCOMPARE(asked.size(), 0);
}

void TestImagesView::generate_becomes_stop_while_it_works() {
    QSignalSpy asked(view_.get(), &ImagesView::requested), stopped(view_.get(), &ImagesView::stopRequested);
    view_->setBusy(true);
    QCOMPARE(find<QPushButton>("imageGenerate")->text(), QStringLiteral("Stop"));
    QVERIFY(!find<QSpinBox>("imageSteps")->isEnabled());
    click("imageGenerate");
    QCOMPARE(asked.size(), 0);
    QCOMPARE(stopped.size(), 1);
    view_->setBusy(false);
    click("imageGenerate");
    QCOMPARE(asked.size(), 1);
}

void TestImagesView::a_request_of_an_earlier_session_comes_back() {
    studio::ImageRequest request;
    for (const int label : {2, 5})
        for (const std::uint64_t seed : {1, 2, 9})
            request.rows.push_back({label, made_up::class_names[std::size_t(label)], seed});
    request.models = {{"study mix", {{"bits", 3}}}, {"gone", {{"bits", 2}}}};
    request.sampler = "ddpm";
    request.steps = 250;
    request.guidance = 2;
    view_->setRequest(request);
    QCOMPARE(find<QLineEdit>("imageSeeds")->text(), QStringLiteral("1–2, 9"));
    const auto back = view_->request();
    QCOMPARE(back.rows.size(), request.rows.size());
    for (std::size_t i = 0; i < back.rows.size(); ++i) {
        QCOMPARE(back.rows[i].label, request.rows[i].label);
        QCOMPARE(back.rows[i].seed, request.rows[i].seed);
    }
    QCOMPARE(back.models.size(), std::size_t(1));
    QCOMPARE(back.models[0].name, std::string("study mix"));
    QCOMPARE(back.sampler, std::string("ddpm"));
    QCOMPARE(back.steps, 250);
    QCOMPARE(back.guidance, 2.0);
    // The present recipe's words change while it is edited; its tick stays.
    view_->setModels({{"present recipe", {{"bits", 5}}}, {"study mix", {{"bits", 3}}}});
    QCOMPARE(view_->request().models.size(), std::size_t(1));
    QCOMPARE(view_->request().models[0].name, std::string("study mix"));
}

void TestImagesView::classes_are_ticked_by_name() {
    auto* choice = find<ChoiceButton>("imageClasses");
    QTest::mouseClick(choice, Qt::LeftButton);
    auto* list = choice->list();
    QTRY_VERIFY(list->isVisible());
    QVERIFY(list->item(9)->text().contains(QLatin1String("Ankle boot")));
    list->setCurrentRow(9);
    QTest::keyClick(list, Qt::Key_Space);
    QCOMPARE(choice->chosen(), (std::vector<int>{0, 1, 2, 3, 4, 9}));
    QCOMPARE(choice->text(), QStringLiteral("6 classes"));
    QTest::keyClick(list, Qt::Key_Return);
    QTRY_VERIFY(!list->isVisible());
    choice->setChosen({0, 7});
    QCOMPARE(choice->text(), QStringLiteral("T-shirt, Sneaker"));
    // A filter restricts "All" to what it shows.
    choice->setChosen({});
    choice->filter()->setText(QStringLiteral("boot"));
    for (auto* button : choice->findChildren<QPushButton*>())
        if (button->text() == QLatin1String("All")) button->click();
    QCOMPARE(choice->chosen(), std::vector<int>{9});
}

void TestImagesView::the_models_obey_qts_rules() {
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

void TestImagesView::each_pixel_of_a_small_picture_is_a_crisp_square() {
    const auto made = made_up::comparison();
    show(made);
    QCOMPARE(view_->grid().zoom(), 4.0);
    const QRect place = view_->grid().pictureRect(1, 1);
    QCOMPARE(place.size(), QSize(112, 112));
    const QImage seen = view_->grid().viewport()->grab().toImage();
    for (int y = 0; y < 112; ++y)
        for (int x = 0; x < 112; ++x)
            QCOMPARE(seen.pixelColor(place.topLeft() + QPoint(x, y)),
                     pixel(made->columns[1].pictures[1], x / 4, y / 4));
}

void TestImagesView::cells_not_sampled_yet_are_grey_and_the_rest_is_not() {
    auto made = made_up::comparison();
    made->columns[2].pictures.resize(1); // the rest has not come yet
    made->columns[2].metrics.clear();
    made->columns[1].pictures[1].rgb.clear();
    show(made);
    const QImage seen = view_->grid().viewport()->grab().toImage();
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

void TestImagesView::a_picture_of_another_size_than_it_claims_is_not_drawn() {
    auto made = made_up::comparison();
    made->columns[1].pictures[0].width = 4000;
    made->columns[1].pictures[1].height = -1;
    made->columns[2].pictures[2].rgb.pop_back();
    show(made);
    view_->choose(0, 1);
    QVERIFY(canvas()->differenceMap().values.empty());
    const QImage seen = view_->grid().viewport()->grab().toImage();
    QCOMPARE(seen.pixelColor(view_->grid().pictureRect(0, 1).center()), Theme::current().grid);
}

void TestImagesView::captions_name_metrics_and_mistakes() {
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
        const QImage seen = view_->grid().viewport()->grab().toImage();
        int most = 0;
        for (int y = place.bottom() + 20; y < place.bottom() + 36; ++y)
            for (int x = place.left(); x < place.right(); ++x)
                most =
                    std::max(most, seen.pixelColor(x, y).hslSaturation() * (seen.pixelColor(x, y).lightness() < 230));
        return most;
    };
    QVERIFY(most_colourful(1) > most_colourful(2) + 60);
}

void TestImagesView::ctrl_wheel_zooms_all_cells_by_whole_steps() {
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

void TestImagesView::holding_space_shows_the_original_everywhere() {
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

void TestImagesView::the_grid_is_saved_whole() {
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

void TestImagesView::side_by_side_zooms_and_moves_both() {
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

void TestImagesView::the_wipe_follows_mouse_and_keys() {
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

void TestImagesView::flicker_shows_both_in_turns_and_stays_at_the_original_while_held() {
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

void TestImagesView::the_difference_is_signed_and_its_scale_is_the_rows() {
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

void TestImagesView::the_values_under_the_cursor_are_exact() {
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

void TestImagesView::the_originals_cell_is_held_against_the_last_model() {
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

void TestImagesView::colours_follow_the_theme() {
    show(made_up::comparison());
    view_->setPairMode(PairCanvas::Mode::difference);
    const auto corner = [this] { return canvas()->grab().toImage().pixelColor(3, canvas()->height() - 3); };
    QCOMPARE(corner(), Theme::current().panel);
    ThemeNotifier::instance().apply(ThemeChoice::dark);
    QCOMPARE(corner(), Theme::current().panel);
    QCOMPARE(view_->grid().viewport()->grab().toImage().pixelColor(1, 1), Theme::current().panel);
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
