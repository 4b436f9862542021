// The Weights view, driven with mouse and keyboard over a made-up layer.
#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QHelpEvent>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>
#include <QToolTip>
#include <thread>

#include "core/base/errors.h"
#include "made_up_layer.h"
#include "widgets/theme.h"
#include "widgets/weights/bands_plot.h"
#include "widgets/weights/error_panel.h"
#include "widgets/weights/heat_map.h"
#include "widgets/weights/histogram_plot.h"
#include "widgets/weights/outlier_model.h"
#include "widgets/weights/weights_view.h"

using namespace quantscope;
using namespace quantscope::widgets;
using namespace quantscope::tests;
using Handle = HistogramPlot::Handle;
using Card = WeightsView::Card;

namespace {

const QString name = QStringLiteral("model.layers.1.mlp.down_proj");

void move_mouse(QWidget* widget, const QPointF& place, Qt::MouseButtons buttons = Qt::NoButton) {
    QMouseEvent event(QEvent::MouseMove, place, widget->mapToGlobal(place), Qt::NoButton, buttons, Qt::NoModifier);
    QCoreApplication::sendEvent(widget, &event);
}

} // namespace

class TestWeightsView : public QObject {
    Q_OBJECT

    std::shared_ptr<const MadeUpLayer> layer_ =
        std::make_shared<MadeUpLayer>(made_up_layer(name.toStdString(), 576, 1536));
    std::unique_ptr<WeightsView> view_;

    QPoint handle_place(Handle handle) const {
        auto* plot = view_->histogram();
        return {int(std::lround(plot->xAxis->coordToPixel(*plot->handle_value(handle)))),
                plot->axisRect()->center().y()};
    }
    void show_layer() {
        QSignalSpy drawn(view_.get(), &WeightsView::drawn);
        view_->show_layer(name);
        QVERIFY(drawn.size() || drawn.wait());
        QCoreApplication::processEvents();
    }
    void save(const QString& picture) {
        if (const QString folder = qEnvironmentVariable("QUANTSCOPE_GRAB"); !folder.isEmpty())
            QVERIFY(view_->grab().save(folder + QLatin1Char('/') + picture));
    }

private Q_SLOTS:
    void init() {
        ThemeNotifier::instance().apply(ThemeChoice::light);
        view_ = std::make_unique<WeightsView>();
        view_->set_provider(provider_of(layer_));
        view_->resize(690, 620);
        view_->show();
        QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
    }
    void an_empty_view_says_what_will_appear() {
        QVERIFY(view_->histogram()->empty_text().contains("Choose a layer"));
        QVERIFY(view_->bands()->empty_text().contains("Choose a layer"));
        save("weights_empty.png");
    }

    void a_layer_arrives_from_the_worker_with_its_numbers_and_units() {
        show_layer();
        QCOMPARE(view_->findChild<QLabel*>("weights_heading")->text(), name);
        const QString facts = view_->findChild<QLabel*>("weights_facts")->text();
        QVERIFY2(facts.contains("576 × 1536 · float16") && facts.contains("max |w| 5.00"), qPrintable(facts));
        QVERIFY(view_->findChild<QLabel*>("weights_more_facts")->text().contains("1.77 MB") ||
                view_->findChild<QLabel*>("weights_more_facts")->text().contains("1.8 MB"));
        QVERIFY(view_->histogram()->empty_text().isEmpty());
        QVERIFY(!view_->histogram()->horizontal_name().isEmpty() && !view_->histogram()->vertical_name().isEmpty());
    }

    void asking_never_blocks_and_only_the_last_layer_asked_for_is_shown() {
        auto provider = std::make_shared<WeightProvider>(*provider_of(layer_));
        provider->view = [this](const std::string& key,
                                Progress& progress) -> std::shared_ptr<const studio::WeightView> {
            for (int i = 0; i < 40; ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
                progress.check();
            }
            auto view = std::make_shared<studio::WeightView>(*layer_->view);
            view->layer.name = key;
            return view;
        };
        view_->set_provider(provider);
        QSignalSpy drawn(view_.get(), &WeightsView::drawn);
        QElapsedTimer timer;
        timer.start();
        view_->show_layer("first");
        view_->show_layer("second");
        QVERIFY(timer.elapsed() < 100);
        QTRY_VERIFY(view_->findChild<QLabel*>("weights_facts")->text().contains("reading"));
        QVERIFY(drawn.wait());
        QTest::qWait(50);
        QCOMPARE(drawn.size(), 1);
        QCOMPARE(drawn[0][0].toString(), QString("second"));
    }

    void an_error_is_told_in_the_view() {
        auto provider = std::make_shared<WeightProvider>(*provider_of(layer_));
        provider->view = [](const std::string&, Progress&) -> std::shared_ptr<const studio::WeightView> {
            throw FormatError("model.gguf", "blk.1", "is cut short; fetch the file again");
        };
        view_->set_provider(provider);
        QSignalSpy failed(view_.get(), &WeightsView::failed);
        view_->show_layer(name);
        QVERIFY(failed.wait());
        auto* message = view_->findChild<QLabel*>("weights_message");
        QVERIFY(message->isVisible());
        QVERIFY(message->text().contains("cut short"));
    }

    void an_estimate_that_comes_before_its_layer_is_kept_and_that_of_another_is_not_shown() {
        view_->set_estimate(name, made_up_estimate(3.1, 0.86));
        show_layer();
        QCOMPARE(*view_->histogram()->handle_value(Handle::clip_high), double(3.1F));
        view_->set_estimate("another", made_up_estimate(1.0, 0));
        QCOMPARE(*view_->histogram()->handle_value(Handle::clip_high), double(3.1F));
    }

    void dragging_a_handle_tells_the_value_under_the_mouse_data() {
        QTest::addColumn<int>("handle");
        QTest::newRow("clip low") << int(Handle::clip_low);
        QTest::newRow("clip high") << int(Handle::clip_high);
        QTest::newRow("breakpoint low") << int(Handle::breakpoint_low);
        QTest::newRow("breakpoint high") << int(Handle::breakpoint_high);
    }
    void dragging_a_handle_tells_the_value_under_the_mouse() {
        QFETCH(int, handle);
        show_layer();
        view_->set_estimate(name, made_up_estimate(3.1, 0.86));
        QSignalSpy clip(view_.get(), &WeightsView::clip_dragged);
        QSignalSpy breakpoint(view_.get(), &WeightsView::breakpoint_dragged);
        const bool is_clip = handle < int(Handle::breakpoint_low);
        auto& spy = is_clip ? clip : breakpoint;
        auto* plot = view_->histogram();
        const QPoint start = handle_place(Handle(handle));
        const QPoint end = start + QPoint(handle % 2 ? 30 : -30, 0);
        QTest::mousePress(plot, Qt::LeftButton, {}, start);
        move_mouse(plot, end, Qt::LeftButton);
        QVERIFY(plot->dragging());
        QCOMPARE(spy.size(), 1);
        QCOMPARE(spy.last().last().toBool(), false);
        // An estimate that answers the drag late must not tear the handle from the mouse.
        view_->set_estimate(name, made_up_estimate(2.0, 0.5));
        const double wanted = std::abs(plot->xAxis->pixelToCoord(end.x()));
        QVERIFY(std::abs(std::abs(*plot->handle_value(Handle(handle))) - wanted) < 1e-5);
        QTest::mouseRelease(plot, Qt::LeftButton, {}, end);
        QCOMPARE(spy.size(), 2);
        QCOMPARE(spy.last()[0].toString(), name);
        QCOMPARE(spy.last().last().toBool(), true);
        if (is_clip) { // a symmetric range stays so
            QVERIFY(std::abs(spy.last()[1].toDouble() + wanted) < 1e-5);
            QVERIFY(std::abs(spy.last()[2].toDouble() - wanted) < 1e-5);
        } else {
            QVERIFY(std::abs(spy.last()[1].toDouble() - wanted) < 1e-5);
        }
        QVERIFY((is_clip ? breakpoint : clip).isEmpty());
    }

    void an_asymmetric_clip_range_moves_on_one_side_only() {
        show_layer();
        auto estimate = made_up_estimate(3.1, 0);
        estimate.overlay.clip_low = -1.5F;
        view_->set_estimate(name, estimate);
        QSignalSpy clip(view_.get(), &WeightsView::clip_dragged);
        auto* plot = view_->histogram();
        const QPoint start = handle_place(Handle::clip_high);
        QTest::mousePress(plot, Qt::LeftButton, {}, start);
        move_mouse(plot, start - QPoint(40, 0), Qt::LeftButton);
        QCOMPARE(clip.last()[1].toDouble(), -1.5);
        QVERIFY(clip.last()[2].toDouble() < 3.0);
        QTest::mouseRelease(plot, Qt::LeftButton, {}, start - QPoint(40, 0));
    }

    void escape_takes_a_drag_back() {
        show_layer();
        view_->set_estimate(name, made_up_estimate(3.1, 0.86));
        QSignalSpy clip(view_.get(), &WeightsView::clip_dragged);
        QSignalSpy cancelled(view_.get(), &WeightsView::drag_cancelled);
        auto* plot = view_->histogram();
        const QPoint start = handle_place(Handle::clip_high);
        QTest::mousePress(plot, Qt::LeftButton, {}, start);
        move_mouse(plot, start - QPoint(60, 0), Qt::LeftButton);
        QVERIFY(clip.count() > 0);
        const auto told = clip.count();
        QTest::keyClick(plot, Qt::Key_Escape);
        QVERIFY(!plot->dragging());
        QCOMPARE(cancelled.count(), 1);
        QCOMPARE(clip.count(), told); // a finished value would stay in the recipe
        QTest::mouseRelease(plot, Qt::LeftButton, {}, start - QPoint(60, 0));
        QCOMPARE(clip.count(), told);
        QCOMPARE(*plot->handle_value(Handle::clip_high), double(3.1F));
    }

    void the_usual_range_tells_what_lies_beyond_it_and_the_full_one_shows_all() {
        show_layer();
        auto* plot = view_->histogram();
        view_->set_estimate(name, made_up_estimate(0.9, 0.3));
        plot->set_full_range(true);
        QCOMPARE(plot->beyond().first + plot->beyond().second, std::uint64_t(0));
        QVERIFY(plot->xAxis->range() == plot->full_horizontal());
        plot->set_full_range(false);
        QVERIFY(plot->xAxis->range().size() <= plot->full_horizontal().size());
        view_->set_estimate(name, made_up_estimate(3.1, 0.86)); // a handle is never out of sight
        QVERIFY(plot->xAxis->range().contains(3.1) && plot->xAxis->range().contains(-3.1));
    }

    void a_tooltip_never_lies_over_the_weights() {
        show_layer();
        auto* plot = view_->histogram();
        const QPoint inside = plot->axisRect()->rect().center();
        QHelpEvent help(QEvent::ToolTip, inside, plot->mapToGlobal(inside));
        QCoreApplication::sendEvent(plot, &help);
        QVERIFY(!QToolTip::isVisible());
    }

    void a_handle_is_reached_and_moved_by_keyboard() {
        show_layer();
        view_->set_estimate(name, made_up_estimate(3.1, 0.86));
        QSignalSpy clip(view_.get(), &WeightsView::clip_dragged);
        auto* plot = view_->histogram();
        plot->setFocus(Qt::TabFocusReason);
        QTRY_VERIFY(plot->hasFocus());
        QTest::keyClick(plot, Qt::Key_Tab); // clip low
        QTest::keyClick(plot, Qt::Key_Tab); // clip high
        QVERIFY(plot->hasFocus());
        QTest::keyClick(plot, Qt::Key_Left);
        QVERIFY(*plot->handle_value(Handle::clip_high) < 3.1);
        QCOMPARE(clip.last()[3].toBool(), false);
        QTest::keyClick(plot, Qt::Key_Return);
        QCOMPARE(clip.last()[3].toBool(), true);
        for (int i = 0; i < 3; ++i)
            QTest::keyClick(plot, Qt::Key_Tab); // over both breakpoints and on
        QVERIFY(!plot->hasFocus());
    }

    void the_counts_axis_switches_between_logarithmic_and_linear() {
        show_layer();
        QCOMPARE(view_->histogram()->yAxis->scaleType(), QCPAxis::stLogarithmic);
        QTest::mouseClick(view_->findChild<QPushButton*>("chip_log"), Qt::LeftButton);
        QCOMPARE(view_->histogram()->yAxis->scaleType(), QCPAxis::stLinear);
        QTest::keyClick(view_->histogram(), Qt::Key_L);
        QCOMPARE(view_->histogram()->yAxis->scaleType(), QCPAxis::stLogarithmic);
        QVERIFY(view_->findChild<QPushButton*>("chip_log")->isChecked());
    }

    void the_histogram_tells_the_bin_under_the_cursor() {
        show_layer();
        auto* plot = view_->histogram();
        const auto& histogram = layer_->view->histogram;
        move_mouse(plot, QPointF(plot->xAxis->coordToPixel(0), plot->axisRect()->center().y()));
        const double width = (histogram.high - histogram.low) / double(histogram.counts.size());
        const double weight = plot->xAxis->pixelToCoord(plot->xAxis->coordToPixel(0));
        const auto count = histogram.counts[std::size_t((weight - histogram.low) / width)];
        QVERIFY2(plot->readout().contains(QLocale::c().toString(qulonglong(count)) + " weights"),
                 qPrintable(plot->readout()));
    }

    void bars_keep_an_outlier_that_stands_alone() {
        show_layer();
        auto* plot = view_->histogram();
        const QImage image = plot->toPixmap().toImage();
        const int x = int(plot->xAxis->coordToPixel(5.0)), bottom = plot->axisRect()->bottom();
        bool bar = false;
        for (int dx = -4; dx <= 4; ++dx)
            bar |= image.pixelColor(x + dx, bottom - 2) != Theme::current().plot;
        QVERIFY(bar);
    }

    void a_channel_is_isolated_by_a_click_and_let_go_by_escape() {
        show_layer();
        auto* plot = view_->bands();
        QSignalSpy selected(view_.get(), &WeightsView::channel_selected);
        const QPoint place(int(plot->xAxis->coordToPixel(700)), plot->axisRect()->center().y());
        move_mouse(plot, place);
        QVERIFY2(plot->readout().startsWith("channel "), qPrintable(plot->readout()));
        QTest::mouseClick(plot, Qt::LeftButton, {}, place);
        QCOMPARE(selected.size(), 1);
        QCOMPARE(selected[0][0].toString(), name);
        QCOMPARE(selected[0][1].toBool(), false);
        const auto channel = selected[0][2].toLongLong();
        QVERIFY(std::abs(channel - 700) <= 5); // several share a pixel
        QTest::keyClick(plot, Qt::Key_Right);
        QCOMPARE(selected.last()[2].toLongLong(), channel + 1);
        QTest::keyClick(plot, Qt::Key_Escape);
        QCOMPARE(selected.last()[2].toLongLong(), -1);
    }

    void a_click_on_a_loud_channel_isolates_that_one() {
        show_layer();
        auto* plot = view_->bands();
        QSignalSpy selected(view_.get(), &WeightsView::channel_selected);
        for (const int channel : {49, 76, 83}) { // made loud; a pixel holds about 2.4 channels
            const QPoint place(int(std::lround(plot->xAxis->coordToPixel(channel))), plot->axisRect()->center().y());
            QTest::mouseClick(plot, Qt::LeftButton, {}, place);
            QCOMPARE(selected.last()[2].toLongLong(), channel);
        }
    }

    void the_bands_switch_between_input_and_output_channels() {
        show_layer();
        QVERIFY(!view_->bands()->output());
        QCOMPARE(view_->bands()->full_horizontal().upper, 1535.5);
        QTest::mouseClick(view_->findChild<QPushButton*>("chip_axis"), Qt::LeftButton);
        QVERIFY(view_->bands()->output());
        QCOMPARE(view_->bands()->full_horizontal().upper, 575.5);
        QVERIFY(view_->bands()->horizontal_name().contains("row"));
    }

    void a_part_switched_on_is_brought_in_sight() {
        show_layer();
        view_->resize(460, 500);
        auto* scroll = view_->findChild<QScrollArea*>("weights_scroll");
        for (const char* part : {"heat_map", "error"}) {
            auto* card = view_->findChild<QWidget*>(QString::fromLatin1(part) + QStringLiteral("_card"));
            QVERIFY(!card->isVisible());
            QTest::mouseClick(view_->findChild<QPushButton*>(QStringLiteral("chip_") + QLatin1String(part)),
                              Qt::LeftButton);
            QTRY_VERIFY(card->isVisible());
            QTRY_VERIFY2(card->visibleRegion().boundingRect().height() >=
                             std::min(card->height(), scroll->viewport()->height()) - 2,
                         part);
        }
    }

    void errors_stand_beside_each_other_only_where_their_axes_fit() {
        show_layer();
        for (const char* chip : {"chip_histogram", "chip_channels", "chip_error"})
            QTest::mouseClick(view_->findChild<QPushButton*>(chip), Qt::LeftButton);
        const QWidget *channels = view_->errors()->channels(), *clip = view_->errors()->by_clip();
        view_->resize(900, 620);
        QTRY_VERIFY(clip->x() > channels->x());
        QTRY_VERIFY(clip->width() > 200);
        view_->resize(460, 620);
        QTRY_COMPARE(channels->x(), 0);
        QTRY_VERIFY(channels->width() > 400);
        QTRY_VERIFY2(clip->width() > 190, qPrintable(QString::number(clip->width())));
        QVERIFY(clip->mapTo(view_->errors(), QPoint()).y() >= channels->height());
    }

    void a_view_with_nothing_chosen_says_so() {
        auto* nothing = view_->findChild<QLabel*>("weights_nothing");
        QVERIFY(!nothing->isVisible());
        for (const char* chip : {"chip_histogram", "chip_channels"})
            QTest::mouseClick(view_->findChild<QPushButton*>(chip), Qt::LeftButton);
        QVERIFY(nothing->isVisible());
        QTest::mouseClick(view_->findChild<QPushButton*>("chip_error"), Qt::LeftButton);
        QVERIFY(!nothing->isVisible());
    }

    void an_outlier_leads_to_its_place_in_the_heat_map() {
        show_layer();
        QTest::mouseClick(view_->findChild<QPushButton*>("chip_outliers"), Qt::LeftButton);
        auto* table = view_->findChild<QTableView*>("outliers");
        QVERIFY(table->isVisible() && !view_->heat_map()->isVisible());
        QVERIFY(view_->findChild<QLabel*>("outlier_caption")->text().contains("beyond 6"));
        const auto index = table->model()->index(1, OutlierModel::value_column);
        table->scrollTo(index);
        QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualRect(index).center());
        QVERIFY(view_->heat_map()->isVisible());
        const auto& outlier = layer_->view->outliers[1];
        QVERIFY(view_->heat_map()->marked() == std::pair(qint64(outlier.row), qint64(outlier.column)));
        QVERIFY(view_->heat_map()->xAxis->range().contains(double(outlier.column)));
        QTRY_VERIFY2(
            view_->heat_map()->readout().contains(QString("row %1, column %2: ").arg(outlier.row).arg(outlier.column)),
            qPrintable(view_->heat_map()->readout()));
        QTest::keyClick(table, Qt::Key_Down);
        const auto& next = layer_->view->outliers[2];
        QVERIFY(view_->heat_map()->marked() == std::pair(qint64(next.row), qint64(next.column)));
        QTest::qWait(100);
        save("weights_outliers.png");
    }

    void the_outlier_table_is_a_sound_model_and_sorts() {
        OutlierModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QCOMPARE(model.rowCount(), 0);
        model.set_view(layer_->view);
        QCOMPARE(model.rowCount(), int(layer_->view->outliers.size()));
        QVERIFY(model.rowCount() > 3);
        for (int column = 0; column < OutlierModel::column_count; ++column) {
            const QPersistentModelIndex held(model.index(2, 0));
            const auto before = model.outlier(2);
            model.sort(column, Qt::AscendingOrder);
            const auto& after = model.outlier(held.row());
            QVERIFY(after.row == before.row && after.column == before.column);
            const auto key = [&](int row) {
                const auto& o = model.outlier(row);
                return column == 0 ? double(o.row) : column == 1 ? double(o.column) : column == 2 ? o.value : o.sigmas;
            };
            for (int row = 1; row < model.rowCount(); ++row)
                QVERIFY(key(row - 1) <= key(row));
        }
        model.set_view(nullptr);
        QCOMPARE(model.rowCount(), 0);
    }

    void the_heat_map_tells_the_exact_weight_under_the_cursor_data() {
        QTest::addColumn<bool>("near");
        QTest::newRow("whole matrix, one pixel for several weights") << false;
        QTest::newRow("single weights") << true;
    }
    void the_heat_map_tells_the_exact_weight_under_the_cursor() {
        QFETCH(bool, near);
        show_layer();
        view_->set_card_visible(Card::heat_map, true);
        auto* plot = view_->heat_map();
        QTRY_VERIFY(plot->isVisible());
        QTest::qWait(50);
        if (near) {
            plot->show_weight(300, 49);
            QTest::qWait(100);
        }
        const QPointF place = near ? QPointF(plot->xAxis->coordToPixel(49), plot->yAxis->coordToPixel(300))
                                   : QPointF(plot->axisRect()->center());
        move_mouse(plot, place);
        const auto row = std::int64_t(std::floor(plot->yAxis->pixelToCoord(place.y()) + 0.5));
        const auto column = std::int64_t(std::floor(plot->xAxis->pixelToCoord(place.x()) + 0.5));
        if (near) QVERIFY(row == 300 && column == 49);
        const QString start = QString("row %1, column %2: ").arg(row).arg(column);
        QTRY_VERIFY2(plot->readout().startsWith(start), qPrintable(plot->readout()));
        QString told = plot->readout().mid(start.size()).section(u' ', 0, 0);
        told.replace(QChar(0x2212), QLatin1Char('-'));
        QVERIFY(std::abs(told.toDouble() - layer_->at(row, column)) <= 1e-4 * std::abs(layer_->at(row, column)));
    }

    void a_loud_weight_does_not_vanish_from_the_heat_map() {
        show_layer();
        view_->set_card_visible(Card::heat_map, true);
        auto* plot = view_->heat_map();
        QTest::qWait(150);
        const QImage image = plot->toPixmap(0, 0, 1).toImage();
        const QPoint place(int(plot->xAxis->coordToPixel(49)), int(plot->yAxis->coordToPixel(49 * 7 % 576)));
        bool bright = false;
        for (int dy = -2; dy <= 2; ++dy)
            for (int dx = -2; dx <= 2; ++dx)
                bright |= image.pixelColor(place + QPoint(dx, dy)) == viridis(1);
        QVERIFY(bright);
    }

    void zooming_stays_inside_the_matrix_and_a_double_click_shows_all() {
        show_layer();
        view_->set_card_visible(Card::heat_map, true);
        auto* plot = view_->heat_map();
        QTest::qWait(50);
        for (int i = 0; i < 80; ++i)
            plot->zoom(0.7, plot->axisRect()->bottomRight());
        QVERIFY(plot->xAxis->range().size() >= 7.9 && plot->xAxis->range().upper <= 1535.5);
        for (int i = 0; i < 80; ++i)
            plot->zoom(1.5, plot->axisRect()->topLeft());
        QCOMPARE(plot->xAxis->range().upper, 1535.5);
        plot->zoom(0.3, plot->axisRect()->center());
        QTest::mouseDClick(plot, Qt::LeftButton, {}, plot->axisRect()->center());
        QCOMPARE(plot->yAxis->range().upper, 575.5);
    }

    void a_fit_shows_the_decoded_histogram_and_the_error_of_each_channel() {
        show_layer();
        view_->set_card_visible(Card::error, true);
        view_->set_estimate(name, made_up_estimate(3.1, 0.86));
        QVERIFY(view_->errors()->channels()->empty_text().contains("once this layer is quantized"));
        QCOMPARE(view_->errors()->by_clip()->points().size(), std::size_t(15));
        auto without_curves = made_up_estimate(2.0, 0.5);
        without_curves.error_by_clip.clear();
        without_curves.error_by_breakpoint.clear();
        view_->set_estimate(name, without_curves); // as while a slider moves
        QCOMPARE(view_->errors()->by_clip()->points().size(), std::size_t(15));
        view_->set_estimate(name, studio::Estimate()); // the layer stays in float
        QVERIFY(view_->errors()->by_clip()->points().empty());
        QVERIFY(!view_->histogram()->handle_value(Handle::clip_high));
        view_->set_fit(name, made_up_fit(*layer_));
        QVERIFY(view_->errors()->channels()->empty_text().isEmpty());
        view_->show_layer("other layer's fit does not stay");
        QTRY_COMPARE(view_->layer(), name); // the provider has one layer only
    }

    void every_control_has_a_name_and_a_tooltip() {
        for (auto* widget : view_->findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !(widget->focusPolicy() & Qt::TabFocus)) continue;
            if (qobject_cast<QLabel*>(widget)) continue;
            if (widget->objectName().startsWith("qt_") || widget->inherits("QComboBoxListView")) continue;
            QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
            QVERIFY2(!widget->toolTip().isEmpty(), qPrintable(widget->objectName()));
        }
    }

    void it_is_drawn_in_both_themes_data() {
        QTest::addColumn<ThemeChoice>("choice");
        QTest::addColumn<bool>("all");
        QTest::addColumn<QString>("picture");
        QTest::newRow("light") << ThemeChoice::light << false << "weights_light.png";
        QTest::newRow("dark") << ThemeChoice::dark << false << "weights_dark.png";
        QTest::newRow("all, light") << ThemeChoice::light << true << "weights_all_light.png";
        QTest::newRow("all, dark") << ThemeChoice::dark << true << "weights_all_dark.png";
    }
    void it_is_drawn_in_both_themes() {
        QFETCH(ThemeChoice, choice);
        QFETCH(bool, all);
        QFETCH(QString, picture);
        show_layer();
        view_->set_estimate(name, made_up_estimate(3.1, 0.86));
        ThemeNotifier::instance().apply(choice); // while it is shown: everything must take the new colours
        if (all) {
            for (const Card card : {Card::heat_map, Card::error, Card::outliers})
                view_->set_card_visible(card, true);
            view_->set_fit(name, made_up_fit(*layer_));
            view_->resize(900, 1100);
        }
        QTest::qWait(200);
        const QImage image = view_->histogram()->grab().toImage();
        QCOMPARE(image.pixelColor(8, image.height() - 6), Theme::current().plot);
        save(picture);
    }
};

QTEST_MAIN(TestWeightsView)
#include "tst_weights_view.moc"
