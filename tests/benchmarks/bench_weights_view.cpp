// How quickly the Weights view answers on a 4096 × 11008 layer: a click to drawn plots, a dragged handle to the redrawn
// preview. 95th percentiles against the studio's limits; fails beyond them.
#include <QApplication>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <random>

#include "core/base/half.h"
#include "core/studio/session.h"
#include "widgets/theme.h"
#include "widgets/weights/histogram_plot.h"
#include "widgets/weights/weights_view.h"

using namespace quantscope;
using namespace quantscope::widgets;

namespace {

constexpr std::int64_t rows = 4096, columns = 11008;

/// 65,536 float16 weights as a layer has them: Student's t with 5 degrees of freedom, scaled to 0.02.
std::vector<std::uint16_t> drawn_weights() {
    std::mt19937 random(1);
    std::student_t_distribution<float> heavy(5);
    std::vector<std::uint16_t> drawn(1 << 16);
    for (auto& weight : drawn)
        weight = float_to_float16(0.02f * heavy(random));
    return drawn;
}

/// Such weights with a loud column, in a safetensors file of unknown family: two layers to go between.
std::filesystem::path write_model(const QString& folder) {
    const std::filesystem::path path = folder.toStdString() + "/model.safetensors";
    const auto bytes = std::uint64_t(rows * columns * 2);
    const auto entry = [&](int i) {
        return "\"blocks." + std::to_string(i) + ".linear.weight\":{\"dtype\":\"F16\",\"shape\":[" +
               std::to_string(rows) + "," + std::to_string(columns) + "],\"data_offsets\":[" +
               std::to_string(std::uint64_t(i) * bytes) + "," + std::to_string(std::uint64_t(i + 1) * bytes) + "]}";
    };
    const std::string header = "{" + entry(0) + "," + entry(1) + "}";
    const std::uint64_t length = header.size();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&length), 8);
    file.write(header.data(), std::streamsize(length));
    const auto drawn = drawn_weights();
    std::mt19937 random(2);
    std::vector<std::uint16_t> line(static_cast<std::size_t>(columns));
    for (int i = 0; i < 2; ++i)
        for (std::int64_t row = 0; row < rows; ++row) {
            for (auto& weight : line)
                weight = drawn[random() & 0xFFFFU];
            line[49] = 0x3800; // 0.5
            file.write(reinterpret_cast<const char*>(line.data()), std::streamsize(line.size() * 2));
        }
    return path;
}

double p95(std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    return times[times.size() * 95 / 100];
}

bool report(const char* what, std::vector<double>& times, double limit) {
    const double high = p95(times);
    std::printf("%-58s median %7.2f ms   p95 %7.2f ms   limit %5.0f ms   %s\n", what, times[times.size() / 2], high,
                limit, high <= limit ? "ok" : "TOO SLOW");
    return high <= limit;
}

/// Everything that waits to be painted is painted, as before the next frame.
void draw(QWidget& widget) {
    QCoreApplication::sendPostedEvents();
    QCoreApplication::processEvents();
    widget.repaint();
}

} // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    ThemeNotifier::instance().apply(ThemeChoice::light);
    QTemporaryDir folder;
    Progress progress;
    const auto session = studio::Session::open(write_model(folder.path()), progress);
    WeightsView view;
    view.set_session(session);
    view.resize(900, 800);
    for (const auto card : {WeightsView::Card::heat_map, WeightsView::Card::outliers, WeightsView::Card::error})
        view.set_card_visible(card, true);
    view.show();
    if (!QTest::qWaitForWindowExposed(&view)) return 1;
    bool good = true;

    std::vector<std::string> names;
    for (const auto& layer : session->layers())
        names.push_back(layer.name);
    if (names.size() < 2) return 1;
    std::vector<double> first_clicks, clicks, drags, estimates;
    QElapsedTimer timer;
    for (int i = 0; i < 40; ++i) {
        bool drawn = false;
        const auto connection = QObject::connect(&view, &WeightsView::drawn, [&] { drawn = true; });
        timer.start();
        view.show_layer(QString::fromStdString(names[std::size_t(i % 2)]));
        while (!drawn)
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        draw(view);
        (i < 2 ? first_clicks : clicks).push_back(double(timer.nsecsElapsed()) * 1e-6);
        QObject::disconnect(connection);
    }
    std::printf("first click on a layer, statistics included: %.0f ms, %.0f ms\n", first_clicks[0], first_clicks[1]);
    good &= report("click on a layer to drawn plots", clicks, 100);

    const QString layer = view.layer();
    const auto scheme = [&](double coefficient) {
        nlohmann::json recipe{{"quantscope_recipe", 1},
                              {"default",
                               {{"weight",
                                 {{"grid", {{"name", "piecewise"}, {"bits", 4}, {"granularity", "channel"}}},
                                  {"clipping", {{"name", "coefficient"}, {"coefficient", coefficient}}}}}}}};
        return session->scheme_of(recipe, layer.toStdString());
    };
    view.set_estimate(layer, session->estimate(layer.toStdString(), scheme(0.9), true));
    QTest::qWait(200);
    auto* plot = view.histogram();
    const auto handle = HistogramPlot::Handle::clip_high;
    if (!plot->handle_value(handle)) {
        std::printf("the scheme has no clip range to drag\n");
        return 1;
    }
    // As the studio does it: the handle moves, the scheme changes, the estimate follows, the view is redrawn.
    double coefficient = 0.9;
    QObject::connect(&view, &WeightsView::clip_dragged, [&](const QString& name, double, double, bool) {
        QElapsedTimer own;
        own.start();
        const auto estimate = session->estimate(name.toStdString(), scheme(coefficient), false);
        estimates.push_back(double(own.nsecsElapsed()) * 1e-6);
        view.set_estimate(name, estimate);
    });
    const QPoint start(int(plot->xAxis->coordToPixel(*plot->handle_value(handle))), plot->axisRect()->center().y());
    QTest::mousePress(plot, Qt::LeftButton, {}, start);
    for (int i = 1; i <= 200; ++i) {
        coefficient = 0.9 - 0.002 * i;
        const QPointF place(start.x() - i * 0.5, start.y());
        QMouseEvent move(QEvent::MouseMove, place, plot->mapToGlobal(place), Qt::NoButton, Qt::LeftButton,
                         Qt::NoModifier);
        timer.start();
        QCoreApplication::sendEvent(plot, &move);
        plot->repaint();
        drags.push_back(double(timer.nsecsElapsed()) * 1e-6);
        QCoreApplication::processEvents();
    }
    QTest::mouseRelease(plot, Qt::LeftButton, {}, start);
    good &= report("dragged clip handle to redrawn preview", drags, 16);
    report("  of this the estimate alone", estimates, 16);
    return good ? 0 : 1;
}
