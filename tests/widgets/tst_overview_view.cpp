// The Overview over a made-up model: cells where they belong, clicks and keys that find the layer, totals with units;
// and plots as files.
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QSignalSpy>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "core/base/errors.h"
#include "widgets/overview/layer_map.h"
#include "widgets/overview/overview_view.h"
#include "widgets/overview/size_error_plot.h"
#include "widgets/plots/save_plot.h"
#include "widgets/theme.h"

using namespace quantscope;
using namespace quantscope::widgets;

namespace {

QString name_of(int block, const char* role) { return QStringLiteral("model.layers.%1.%2").arg(block).arg(role); }

constexpr const char* roles[] = {"q", "k", "v", "o", "gate", "up", "down"};

std::vector<studio::LayerRow> made_up_layers(int blocks) {
    std::vector<studio::LayerRow> layers{
        {"model.embed_tokens", "embedding", -1, 49152, 576, "float16", 28311552, 56623104}};
    for (int block = 0; block < blocks; ++block)
        for (int i = 0; i < 7; ++i)
            layers.push_back({name_of(block, roles[i]).toStdString(), roles[i], block, 576, i < 4 ? 576 : 1536,
                              "float16", std::uint64_t(576 * (i < 4 ? 576 : 1536)),
                              std::uint64_t(1152 * (i < 4 ? 576 : 1536)), true});
    return layers;
}

studio::LayerMeasures made_up_measures(int block, int role) {
    studio::LayerMeasures m;
    m.outlier_score = 3 + (role == 6 && block == 1 ? 28 : 2 * std::sin(block + role) + 2);
    m.kurtosis = 3 + role + std::cos(block);
    m.error = 0.08 + 0.01 * role + 0.02 * std::sin(block);
    m.error_is_estimate = block % 2;
    m.sqnr_db = -20 * std::log10(m.error);
    m.bits = 4.25;
    m.size = (role < 4 ? 176e3 : 470e3) * (1 + 0.02 * block);
    m.absmax = 1 + role;
    m.standard_deviation = 0.2;
    m.scheme = "uniform W4 g64";
    return m;
}

} // namespace

class TestOverviewView : public QObject {
    Q_OBJECT

    std::unique_ptr<OverviewView> view_;

    QHash<QString, studio::LayerMeasures> all_measures() const {
        QHash<QString, studio::LayerMeasures> all;
        for (int block = 0; block < 30; ++block)
            for (int role = 0; role < 7; ++role)
                all.insert(name_of(block, roles[role]), made_up_measures(block, role));
        return all;
    }
    void save(const QString& picture) {
        if (const QString folder = qEnvironmentVariable("QUANTSCOPE_GRAB"); !folder.isEmpty())
            QVERIFY(view_->grab().save(folder + QLatin1Char('/') + picture));
    }

private Q_SLOTS:
    void init() {
        ThemeNotifier::instance().apply(ThemeChoice::light);
        view_ = std::make_unique<OverviewView>();
        view_->resize(700, 640);
        view_->show();
        QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
        studio::ModelCard card;
        card.name = "SmolLM2-135M-Instruct";
        card.format = "GGUF";
        card.family = "llama";
        card.parameters = 134515008;
        card.file_bytes = 93800000;
        card.blocks = 30;
        view_->set_model(card, made_up_layers(30));
        view_->set_measures(all_measures());
        QTest::qWait(30);
    }

    void without_a_model_it_says_what_will_appear() {
        view_->set_model({}, {});
        QVERIFY(view_->map()->empty_text().contains("Open a model"));
        QTest::qWait(30);
        save("overview_empty.png");
    }

    void every_layer_has_a_cell_and_a_click_on_it_activates_that_layer() {
        QSignalSpy activated(view_.get(), &OverviewView::layer_activated);
        for (const auto& layer : made_up_layers(30)) {
            const QString name = QString::fromStdString(layer.name);
            const QRectF cell = view_->map()->cell_rectangle(name);
            QVERIFY2(cell.width() > 8 && cell.height() > 8, qPrintable(name));
            QTest::mouseClick(view_->map(), Qt::LeftButton, {}, cell.center().toPoint());
            QCOMPARE(activated.last()[0].toString(), name);
        }
        QCOMPARE(activated.size(), 211);
    }

    void the_greatest_value_has_the_lightest_colour() {
        const QImage image = view_->map()->toPixmap(0, 0, 1).toImage();
        const auto colour = [&](const QString& name) {
            return image.pixelColor(view_->map()->cell_rectangle(name).topLeft().toPoint() + QPoint(3, 3));
        };
        QCOMPARE(colour(name_of(1, "down")), viridis(1));
        QVERIFY(colour(name_of(2, "q")) != viridis(1));
        QCOMPARE(colour("model.embed_tokens"), Theme::current().grid); // not measured
    }

    void the_map_is_walked_by_keyboard() {
        QSignalSpy activated(view_.get(), &OverviewView::layer_activated);
        view_->map()->setFocus(Qt::TabFocusReason);
        view_->select_layer(name_of(3, "k"));
        QTest::keyClick(view_->map(), Qt::Key_Right);
        QTest::keyClick(view_->map(), Qt::Key_Down);
        QVERIFY2(view_->map()->readout().contains(name_of(4, "v")), qPrintable(view_->map()->readout()));
        QTest::keyClick(view_->map(), Qt::Key_Return);
        QCOMPARE(activated.size(), 1);
        QCOMPARE(activated[0][0].toString(), name_of(4, "v"));
        for (int i = 0; i < 50; ++i)
            QTest::keyClick(view_->map(), Qt::Key_Left); // stays inside
        QCOMPARE(view_->map()->selected_layer(), name_of(4, "q"));
    }

    void the_measure_chosen_colours_the_map() {
        auto* choice = view_->findChild<QComboBox*>("overview_measure");
        QCOMPARE(choice->count(), int(measures().size()));
        choice->setFocus();
        QTest::keyClick(choice, Qt::Key_Down);
        QCOMPARE(QString(view_->map()->shown_measure().key), QString("kurtosis"));
        choice->setCurrentIndex(choice->findData("error"));
        const QRectF cell = view_->map()->cell_rectangle(name_of(1, "up"));
        QMouseEvent move(QEvent::MouseMove, cell.center(), view_->map()->mapToGlobal(cell.center()), Qt::NoButton,
                         Qt::NoButton, Qt::NoModifier);
        QCoreApplication::sendEvent(view_->map(), &move);
        QVERIFY2(view_->map()->readout().contains("%") && view_->map()->readout().contains("(estimate)"),
                 qPrintable(view_->map()->readout()));
    }

    void experts_share_a_cell_and_the_worst_leads() {
        std::vector<studio::LayerRow> layers;
        QHash<QString, studio::LayerMeasures> measures;
        for (int expert = 0; expert < 8; ++expert) {
            const std::string name = "experts." + std::to_string(expert);
            layers.push_back({name, "up", 0, 8, 8, "float16", 64, 128, true});
            studio::LayerMeasures m;
            m.outlier_score = expert == 5 ? 40 : 3;
            measures.insert(QString::fromStdString(name), m);
        }
        view_->set_model({}, layers);
        view_->set_measures(measures);
        QCOMPARE(view_->map()->layer_at(view_->map()->cell_rectangle("experts.0").center()), QString("experts.5"));
    }

    void a_point_of_size_against_error_activates_its_layer() {
        QSignalSpy activated(view_.get(), &OverviewView::layer_activated);
        const QPointF place = view_->size_error()->point_of(name_of(29, "down"));
        QVERIFY(view_->size_error()->axisRect()->rect().contains(place.toPoint()));
        QTest::mouseClick(view_->size_error(), Qt::LeftButton, {}, place.toPoint());
        QCOMPARE(activated.size(), 1);
        QCOMPARE(activated[0][0].toString(), name_of(29, "down"));
        QCOMPARE(view_->map()->selected_layer(), name_of(29, "down"));
    }

    void totals_are_told_with_their_units() {
        studio::Totals totals{538100000, 78400000, 538100000, 4.25, 4.66, 0.104, 210, 211};
        view_->set_totals(totals);
        const auto text = [this](const char* key) {
            return view_->findChild<QLabel*>(QString("total_") + key)->text();
        };
        QCOMPARE(text("size"), QString("538.1 MB → 78.4 MB"));
        QCOMPARE(text("ratio"), QString("14.6 % of 538.1 MB"));
        QCOMPARE(text("bits"), QString("4.25 bits/weight"));
        QCOMPARE(text("error"), QString("10.4 %"));
        QCOMPARE(text("layers"), QString("210 of 211"));
        view_->set_totals({});
        QCOMPARE(text("error"), QString("–"));
    }

    void nothing_of_the_totals_is_cut_in_a_narrow_view() {
        view_->set_totals({538100000, 78400000, 538100000, 4.25, 4.66, 0.104, 210, 211});
        for (const QSize size : {QSize(440, 560), QSize(660, 560)}) {
            view_->resize(size);
            QTest::qWait(50);
            for (const QLabel* label : view_->findChild<QWidget*>("totals_card")->findChildren<QLabel*>())
                QVERIFY2(label->width() >= label->sizeHint().width(), qPrintable(label->text()));
            QVERIFY(view_->map()->width() > 200 && view_->map()->height() > 300);
        }
        view_->resize(900, 600);
    }

    void a_plot_is_saved_in_every_format_data() {
        QTest::addColumn<QString>("ending");
        QTest::addColumn<QByteArray>("start");
        QTest::newRow("png") << "png" << QByteArray("\x89PNG");
        QTest::newRow("svg") << "svg" << QByteArray("<?xml");
        QTest::newRow("pdf") << "pdf" << QByteArray("%PDF");
    }
    void a_plot_is_saved_in_every_format() {
        QFETCH(QString, ending);
        QFETCH(QByteArray, start);
        QTemporaryDir folder;
        const QString path = folder.filePath("plot." + ending);
        save_plot(*view_->map(), path);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        QVERIFY(bytes.startsWith(start));
        QVERIFY(bytes.size() > 2000);
        QImage image(path);
        if (ending == "png") {
            QCOMPARE(image.size(), view_->map()->size() * 2);
        } else if (ending == "svg") { // it must show the cells, not only be a file
            QSvgRenderer renderer(bytes);
            QVERIFY(renderer.isValid());
            image = QImage(view_->map()->size(), QImage::Format_RGB32);
            image.fill(Qt::white);
            QPainter painter(&image);
            renderer.render(&painter);
            painter.end();
        }
        if (ending == "pdf") return;
        const int scale = ending == "png" ? 2 : 1;
        const QPointF corner = view_->map()->cell_rectangle(name_of(1, "down")).topLeft() + QPointF(4, 3);
        QCOMPARE(image.pixelColor((corner * scale).toPoint()), viridis(1));
    }

    void saving_where_it_cannot_be_names_the_file_and_harms_nothing() {
        QTemporaryDir folder;
        QVERIFY_EXCEPTION_THROWN(save_plot(*view_->map(), folder.filePath("missing/plot.png")), IoError);
        QVERIFY_EXCEPTION_THROWN(save_plot(*view_->map(), folder.filePath("plot.gif")), IoError);
        QVERIFY(QDir(folder.path()).isEmpty());
    }

    void it_is_drawn_in_both_themes_data() {
        QTest::addColumn<ThemeChoice>("choice");
        QTest::addColumn<QString>("picture");
        QTest::newRow("light") << ThemeChoice::light << "overview_light.png";
        QTest::newRow("dark") << ThemeChoice::dark << "overview_dark.png";
    }
    void it_is_drawn_in_both_themes() {
        QFETCH(ThemeChoice, choice);
        QFETCH(QString, picture);
        view_->set_totals({538100000, 78400000, 538100000, 4.25, 4.66, 0.104, 210, 211});
        view_->select_layer(name_of(1, "down"));
        ThemeNotifier::instance().apply(choice);
        QTest::qWait(100);
        const QImage image = view_->map()->grab().toImage();
        QCOMPARE(image.pixelColor(4, image.height() - 4), Theme::current().plot);
        save(picture);
    }
};

QTEST_MAIN(TestOverviewView)
#include "tst_overview_view.moc"
