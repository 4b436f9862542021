// Fitted sites as a hostile packed file could hold them: every one is refused with an error that names the site, or
// decodes within its own arrays.
#include <QtTest>
#include <cmath>
#include <functional>
#include <random>

#include "core/schemes/fit_site.h"
#include "core/schemes/parameter.h"

using namespace quantscope;
using nlohmann::json;

namespace {

FittedSite made(const char* grid_name) {
    const json scheme{{"grid", resolved_member(Choice::grid, {{"name", grid_name}, {"group", 16}}, "grid")},
                      {"clipping", resolved_member(Choice::clipping, {{"name", "min-max"}}, "clipping")},
                      {"rounding", resolved_member(Choice::rounding, {{"name", "nearest"}}, "rounding")}};
    std::vector<float> weights(6 * 40);
    std::mt19937 random(2);
    std::normal_distribution<float> gauss;
    for (float& w : weights)
        w = gauss(random);
    Progress progress;
    return fit_site({"test", "layer.7", 6, 40,
                     [&](std::int64_t first, std::int64_t count, std::span<float> out) {
                         std::copy_n(weights.begin() + first * 40, count * 40, out.begin());
                     }},
                    scheme, progress);
}

struct Attack {
    const char* name;
    std::function<void(FittedSite&)> apply;
};

const std::vector<Attack>& attacks() {
    static const std::vector<Attack> list{
        {"codes missing", [](FittedSite& site) { site.arrays.erase("codes"); }},
        {"scale missing", [](FittedSite& site) { site.arrays.erase("scale"); }},
        {"codes too short", [](FittedSite& site) { site.arrays["codes"].data.pop_back(); }},
        {"codes too long", [](FittedSite& site) { site.arrays["codes"].data.push_back({}); }},
        {"codes empty", [](FittedSite& site) { site.arrays["codes"].data.clear(); }},
        {"scale with one value", [](FittedSite& site) { site.arrays["scale"].data.resize(2); }},
        {"scale of another type", [](FittedSite& site) { site.arrays["scale"].dtype = DType::U8; }},
        {"codes of another type", [](FittedSite& site) { site.arrays["codes"].dtype = DType::F32; }},
        {"scale's shape turned",
         [](FittedSite& site) { std::swap(site.arrays["scale"].shape[0], site.arrays["scale"].shape[1]); }},
        {"scale's shape negative", [](FittedSite& site) { site.arrays["scale"].shape[0] = -6; }},
        {"scale's shape huge", [](FittedSite& site) { site.arrays["scale"].shape[0] = INT64_MAX; }},
        {"codes without a shape", [](FittedSite& site) { site.arrays["codes"].shape.clear(); }},
        {"an array too many", [](FittedSite& site) { site.arrays["extra"] = site.arrays["scale"]; }},
        {"rows negative", [](FittedSite& site) { site.rows = -1; }},
        {"rows huge", [](FittedSite& site) { site.rows = INT64_MAX; }},
        {"rows and columns whose product overflows",
         [](FittedSite& site) { site.rows = site.columns = std::int64_t(1) << 39; }},
        {"columns of another site", [](FittedSite& site) { site.columns = 41; }},
        {"more rows than codes", [](FittedSite& site) { site.rows = 7; }},
        {"no scheme", [](FittedSite& site) { site.scheme = nullptr; }},
        {"a scheme that is a list",
         [](FittedSite& site) {
             site.scheme = json::array({1, 2});
         }},
        {"no grid", [](FittedSite& site) { site.scheme.erase("grid"); }},
        {"a grid that is text", [](FittedSite& site) { site.scheme["grid"] = "uniform"; }},
        {"an unknown grid", [](FittedSite& site) { site.scheme["grid"]["name"] = "spline"; }},
        {"99 bits", [](FittedSite& site) { site.scheme["grid"]["bits"] = 99; }},
        {"bits as text", [](FittedSite& site) { site.scheme["grid"]["bits"] = "4"; }},
        {"other bits than the codes have", [](FittedSite& site) { site.scheme["grid"]["bits"] = 8; }},
        {"a group of 0", [](FittedSite& site) { site.scheme["grid"]["group"] = 0; }},
        {"a negative group", [](FittedSite& site) { site.scheme["grid"]["group"] = -16; }},
        {"another granularity", [](FittedSite& site) { site.scheme["grid"]["granularity"] = "channel"; }},
        {"a parameter nobody knows", [](FittedSite& site) { site.scheme["grid"]["flux"] = 1; }},
        {"a scale that is NaN",
         [](FittedSite& site) {
             site.arrays["scale"].data[0] = std::byte(0xff);
             site.arrays["scale"].data[1] = std::byte(0x7f);
         }},
        {"a scale that is infinite",
         [](FittedSite& site) {
             site.arrays["scale"].data[0] = std::byte(0);
             site.arrays["scale"].data[1] = std::byte(0x7c);
         }},
    };
    return list;
}

} // namespace

class HostileSiteTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void refusedByName_data();
    void refusedByName();
    void anyCodesAndScalesDecodeWithinTheirArrays();
    void rowsOutsideAreRefused();
};

void HostileSiteTest::refusedByName_data() {
    QTest::addColumn<QString>("grid");
    QTest::addColumn<int>("index");
    for (const char* grid : {"uniform", "piecewise"})
        for (int i = 0; i < static_cast<int>(attacks().size()); ++i)
            QTest::addRow("%s: %s", grid, attacks()[static_cast<std::size_t>(i)].name) << grid << i;
}

void HostileSiteTest::refusedByName() {
    QFETCH(QString, grid);
    QFETCH(int, index);
    FittedSite site = made(grid.toUtf8().constData());
    attacks()[static_cast<std::size_t>(index)].apply(site);
    std::vector<float> out(40);
    try {
        site.decode_rows(0, 1, std::span(out).subspan(0, site.columns == 41 ? 40 : out.size()));
        QFAIL("accepted");
    } catch (const FormatError& error) {
        QCOMPARE(error.place(), std::string("layer.7"));
        QVERIFY(!error.problem().empty() && !QString(error.what()).contains('\n'));
    }
}

void HostileSiteTest::anyCodesAndScalesDecodeWithinTheirArrays() {
    std::mt19937 random(1);
    for (const char* grid : {"uniform", "piecewise"})
        for (int repeat = 0; repeat < 200; ++repeat) {
            FittedSite site = made(grid);
            for (auto& [name, array] : site.arrays)
                for (auto& byte : array.data)
                    if (random() % 3 == 0) byte = static_cast<std::byte>(random());
            std::vector<float> out(6 * 40);
            try {
                site.decode_rows(0, 6, out);
            } catch (const FormatError&) { // a scale that is not finite
            }
        }
}

void HostileSiteTest::rowsOutsideAreRefused() {
    const FittedSite site = made("uniform");
    std::vector<float> out(40);
    QVERIFY_EXCEPTION_THROWN(site.decode_rows(6, 1, out), ShapeError);
    QVERIFY_EXCEPTION_THROWN(site.decode_rows(-1, 1, out), ShapeError);
    QVERIFY_EXCEPTION_THROWN(site.decode_rows(0, 2, out), ShapeError);
    QVERIFY_EXCEPTION_THROWN(site.decode_rows(INT64_MAX, 1, out), ShapeError);
    QVERIFY_EXCEPTION_THROWN(unit_levels(site, -1), ShapeError);
    QVERIFY_EXCEPTION_THROWN(unit_levels(site, 18), ShapeError);
}

QTEST_APPLESS_MAIN(HostileSiteTest)
#include "tst_hostile_site.moc"
