// The scheme inspector with members made up for the test: what it shows is what the descriptions say.
#include <QCheckBox>
#include <QComboBox>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTest>

#include "widgets/inspector/scheme_inspector.h"
#include "widgets/theme.h"

namespace quantscope { // the test links no core: the choices' names as DESIGN §2 spells them
std::string_view name(Choice choice) {
    static const char* const names[] = {"transform", "clipping", "grid", "rounding", "residual"};
    return names[int(choice)];
}
} // namespace quantscope

using namespace quantscope;
using namespace quantscope::widgets;
using nlohmann::json;

namespace {

std::vector<Description> members() {
    using Kind = Parameter::Kind;
    const Parameter bits{"bits", "Bits", "bits", Kind::integer, 4, 2, 8, {}, "Bits of a code.", {}, {}};
    const Parameter granularity{"granularity",
                                "Granularity",
                                "",
                                Kind::option,
                                "channel",
                                0,
                                0,
                                {"tensor", "channel", "group"},
                                "What shares a scale.",
                                {},
                                {}};
    const Parameter group{"group",       "Group",  "weights", Kind::integer, 64, 8, 1024, {}, "Weights in a group.",
                          "granularity", {"group"}};
    const Parameter symmetric{"symmetric", "Symmetric", "", Kind::flag, false, 0, 0, {}, "No zero point.", {}, {}};
    const Parameter coefficient{
        "coefficient", "Coefficient", "× range", Kind::real, 0.9, 0.05, 1.0, {}, "Share of the range.", {}, {}};
    return {{Choice::transform, "none", "None", "As it is.", "", {}},
            {Choice::clipping, "min-max", "Min–max", "The whole range.", "", {}},
            {Choice::clipping, "coefficient", "Coefficient", "A share of the range.", "", {coefficient}},
            {Choice::grid, "uniform", "Uniform", "Equal steps.", "", {bits, granularity, group, symmetric}},
            {Choice::grid, "piecewise", "Piecewise linear", "Two step sizes.", "Fang 2020", {bits}},
            {Choice::rounding, "nearest", "Nearest", "To the nearest level.", "", {}},
            {Choice::residual, "none", "None", "Nothing.", "", {}}};
}

json scheme(int bits, const char* granularity = "channel", const char* grid = "uniform") {
    json made{{"transform", {{"name", "none"}}},
              {"clipping", {{"name", "coefficient"}, {"coefficient", 0.8}}},
              {"grid", {{"name", grid}, {"bits", bits}}},
              {"rounding", {{"name", "nearest"}}},
              {"residual", {{"name", "none"}}}};
    if (std::string(grid) == "uniform") {
        made["grid"]["granularity"] = granularity;
        made["grid"]["group"] = 64;
        made["grid"]["symmetric"] = false;
    }
    return made;
}

} // namespace

class TestInspector : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void every_parameter_of_the_members_has_a_control_with_a_name();
    void a_parameter_shows_only_while_it_is_needed();
    void differing_layers_show_mixed_and_one_edit_sets_all();
    void differing_members_show_mixed();
    void it_says_whose_scheme_it_edits();
    void a_long_name_does_not_widen_the_panel();
    void the_error_curve_is_drawn_at_once_and_follows_the_estimate();
    void a_slider_drag_is_not_finished_until_released();
    void an_option_of_a_list_is_told_with_its_member();
    void layers_in_float_grey_the_choices_out();
    void showing_a_scheme_tells_nobody();

private:
    template <typename W>
    W* find(const char* name) {
        return inspector_->findChild<W*>(QLatin1String(name));
    }
    std::unique_ptr<SchemeInspector> inspector_;
};

void TestInspector::init() {
    inspector_ = std::make_unique<SchemeInspector>(members());
    inspector_->setModelOpen(true);
    inspector_->resize(300, 700);
    inspector_->show();
}

void TestInspector::every_parameter_of_the_members_has_a_control_with_a_name() {
    for (const auto& member : members()) {
        json made = scheme(4);
        json values{{"name", member.name}};
        for (const auto& parameter : member.parameters)
            values[parameter.name] = parameter.standard;
        made[std::string(name(member.choice))] = values;
        inspector_->setSelection({QStringLiteral("a")}, {made});
        for (const auto& parameter : member.parameters) {
            const QString wanted = QStringLiteral("scheme_%1_%2")
                                       .arg(QString::fromStdString(std::string(name(member.choice))),
                                            QString::fromStdString(parameter.name));
            auto* control = inspector_->findChild<QWidget*>(wanted);
            QVERIFY2(control, qPrintable(wanted));
            QCOMPARE(control->accessibleName(), QString::fromStdString(parameter.label));
            auto* whole = qobject_cast<ParameterControl*>(control->parentWidget());
            QVERIFY(whole->toolTip().contains(QString::fromStdString(parameter.help)));
            QCOMPARE(whole->value(), parameter.standard);
        }
    }
}

void TestInspector::a_parameter_shows_only_while_it_is_needed() {
    inspector_->setSelection({QStringLiteral("a")}, {scheme(4, "channel")});
    QVERIFY(!find<QSpinBox>("scheme_grid_group")->isVisibleTo(inspector_.get()));
    inspector_->setSelection({QStringLiteral("a")}, {scheme(4, "group")});
    QVERIFY(find<QSpinBox>("scheme_grid_group")->isVisibleTo(inspector_.get()));
}

void TestInspector::differing_layers_show_mixed_and_one_edit_sets_all() {
    inspector_->setSelection({QStringLiteral("a"), QStringLiteral("b")}, {scheme(4), scheme(3)});
    auto* bits = find<QSpinBox>("scheme_grid_bits");
    QCOMPARE(bits->text(), QStringLiteral("mixed"));
    QCOMPARE(find<QComboBox>("scheme_grid_granularity")->currentText(), QStringLiteral("channel"));
    QSignalSpy edited(inspector_.get(), &SchemeInspector::parameterEdited);
    QTest::keyClick(bits, Qt::Key_Up);
    QCOMPARE(edited.count(), 1);
    QCOMPARE(edited[0][2].toString(), QStringLiteral("bits"));
    QCOMPARE(edited[0][3].value<json>(), json(2));
    QCOMPARE(bits->minimum(), 2);
}

void TestInspector::differing_members_show_mixed() {
    inspector_->setSelection({QStringLiteral("a"), QStringLiteral("b")}, {scheme(4), scheme(4, "", "piecewise")});
    QCOMPARE(find<QComboBox>("scheme_grid")->currentIndex(), -1);
    QCOMPARE(find<QComboBox>("scheme_grid")->placeholderText(), QStringLiteral("mixed"));
    auto* bits = find<QSpinBox>("scheme_grid_bits"); // both have bits; only one has a granularity
    QVERIFY(bits && bits->isVisibleTo(inspector_.get()));
    QCOMPARE(bits->value(), 4);
    QVERIFY(!find<QComboBox>("scheme_grid_granularity"));
    QSignalSpy edited(inspector_.get(), &SchemeInspector::parameterEdited);
    QTest::keyClick(bits, Qt::Key_Up);
    QCOMPARE(edited.value(0).value(1).toString(), QString()); // each layer keeps its own grid
    QCOMPARE(edited.value(0).value(3).value<json>(), json(5));
    inspector_->setSelection({QStringLiteral("a"), QStringLiteral("b")}, {scheme(4), scheme(3, "", "piecewise")});
    QCOMPARE(find<QSpinBox>("scheme_grid_bits")->text(), QStringLiteral("mixed"));
}

void TestInspector::it_says_whose_scheme_it_edits() {
    auto* banner = find<QFrame>("schemeBanner");
    inspector_->setSelection({QStringLiteral("model.layers.0.mlp.down_proj")}, {scheme(4)});
    QCOMPARE(find<QLabel>("schemeTitle")->text(), QStringLiteral("model.layers.0.mlp.down_proj"));
    QCOMPARE(banner->property("banner").toString(), QStringLiteral("quiet"));
    inspector_->setSelection({QStringLiteral("a"), QStringLiteral("b")}, {scheme(4), scheme(4)});
    QCOMPARE(find<QLabel>("schemeTitle")->text(), QStringLiteral("2 layers"));
    QVERIFY(find<QLabel>("effectTitle")->text().contains(QLatin1String("2 LAYERS")));
    inspector_->setSelection({}, {scheme(4)});
    QVERIFY(find<QLabel>("schemeTitle")->text().contains(QLatin1String("default")));
    QCOMPARE(banner->property("banner").toString(), QStringLiteral("loud"));
    QVERIFY(!find<QLabel>("schemeScope")->text().isEmpty());
}

void TestInspector::a_long_name_does_not_widen_the_panel() {
    inspector_->setSelection({QStringLiteral("a")}, {scheme(4)});
    const int width = inspector_->minimumSizeHint().width();
    const QString name(200, u'x');
    inspector_->setSelection({name}, {scheme(4)});
    inspector_->setRecipe(name, QStringLiteral("every layer follows its default"));
    QCOMPARE(inspector_->minimumSizeHint().width(), width);
    QVERIFY2(width <= 260, qPrintable(QString::number(width)));
}

void TestInspector::the_error_curve_is_drawn_at_once_and_follows_the_estimate() {
    inspector_->setSelection({QStringLiteral("a")}, {scheme(4)});
    const auto curve_pixels = [this] {
        const QImage picture = find<CurvePlot>("effectCurve")->grab().toImage();
        int found = 0;
        for (int y = 30; y < picture.height(); ++y) // below the legend
            for (int x = 0; x < picture.width(); ++x)
                found += picture.pixelColor(x, y) == Theme::current().scheme_b;
        return found;
    };
    studio::Estimate estimate;
    estimate.mse = 1;
    for (int i = 0; i <= 20; ++i)
        estimate.error_by_clip.emplace_back(0.05F * float(i), 1 + 0.01F * float((i - 8) * (i - 8)));
    inspector_->effect().setEstimate(QStringLiteral("uniform"), estimate);
    QTRY_VERIFY(curve_pixels() > 20);
    const QImage before = find<CurvePlot>("effectCurve")->grab().toImage();
    for (auto& point : estimate.error_by_clip)
        point.second = 3 - point.second;
    inspector_->effect().setEstimate(QStringLiteral("uniform"), estimate);
    QTRY_VERIFY(find<CurvePlot>("effectCurve")->grab().toImage() != before);
}

void TestInspector::a_slider_drag_is_not_finished_until_released() {
    inspector_->setSelection({QStringLiteral("a")}, {scheme(4)});
    auto* slider = find<QSlider>("scheme_clipping_coefficientSlider");
    QSignalSpy edited(inspector_.get(), &SchemeInspector::parameterEdited);
    slider->setSliderDown(true);
    slider->setSliderPosition(500);
    slider->setSliderPosition(600);
    QCOMPARE(edited.count(), 2);
    QCOMPARE(edited[1][4].toBool(), false);
    slider->setSliderDown(false);
    QCOMPARE(edited.count(), 3);
    QCOMPARE(edited[2][4].toBool(), true);
    QCOMPARE(edited[2][3].value<json>().get<double>(), 0.62); // 0.05 + 0.6 · 0.95
}

void TestInspector::an_option_of_a_list_is_told_with_its_member() {
    inspector_->setSelection({QStringLiteral("a")}, {scheme(4)});
    QSignalSpy chosen(inspector_.get(), &SchemeInspector::memberChosen);
    QSignalSpy edited(inspector_.get(), &SchemeInspector::parameterEdited);
    QTest::keyClick(find<QComboBox>("scheme_grid"), Qt::Key_Down);
    QCOMPARE(chosen.value(0), QVariantList({QStringLiteral("grid"), QStringLiteral("piecewise")}));
    QTest::keyClick(find<QComboBox>("scheme_grid_granularity"), Qt::Key_Down);
    QCOMPARE(edited.count(), 1);
    QCOMPARE(edited[0][1].toString(), QStringLiteral("uniform"));
    QCOMPARE(edited[0][3].value<json>(), json("group"));
}

void TestInspector::layers_in_float_grey_the_choices_out() {
    auto* quantize = find<QCheckBox>("schemeQuantize");
    inspector_->setSelection({QStringLiteral("a"), QStringLiteral("b")}, {nullptr, scheme(4)});
    QCOMPARE(quantize->checkState(), Qt::PartiallyChecked);
    QVERIFY(find<QComboBox>("scheme_grid")->isEnabled());
    QCOMPARE(find<QSpinBox>("scheme_grid_bits")->value(), 4); // of the one that has a scheme
    inspector_->setSelection({QStringLiteral("a")}, {nullptr});
    QCOMPARE(quantize->checkState(), Qt::Unchecked);
    QVERIFY(!find<QComboBox>("scheme_grid")->isEnabled());
    QSignalSpy toggled(inspector_.get(), &SchemeInspector::quantizeToggled);
    QTest::keyClick(quantize, Qt::Key_Space);
    QCOMPARE(toggled.value(0).value(0).toBool(), true);
}

void TestInspector::showing_a_scheme_tells_nobody() {
    QSignalSpy edited(inspector_.get(), &SchemeInspector::parameterEdited);
    QSignalSpy chosen(inspector_.get(), &SchemeInspector::memberChosen);
    for (const int bits : {2, 8, 3})
        inspector_->setSelection({QStringLiteral("a")}, {scheme(bits)});
    inspector_->setSelection({QStringLiteral("a"), QStringLiteral("b")}, {scheme(2), scheme(8, "group")});
    inspector_->setSelection({QStringLiteral("a")}, {scheme(5, "", "piecewise")});
    QCOMPARE(edited.count(), 0);
    QCOMPARE(chosen.count(), 0);
}

QTEST_MAIN(TestInspector)
#include "tst_inspector.moc"
