// The live estimate against the exact fit on layers of a real model, whose rows differ in spread and tails.
#include <QtTest>
#include <cmath>

#include "core/model/model.h"
#include "core/schemes/estimate.h"
#include "core/schemes/parameter.h"

using namespace quantscope;
using nlohmann::json;

namespace {

json resolved(const json& grid, const json& clipping) {
    return {{"grid", resolved_member(Choice::grid, grid, "grid")},
            {"clipping", resolved_member(Choice::clipping, clipping, "clipping")},
            {"rounding", resolved_member(Choice::rounding, {{"name", "nearest"}}, "rounding")},
            {"transform", resolved_member(Choice::transform, {{"name", "none"}}, "transform")},
            {"residual", resolved_member(Choice::residual, {{"name", "none"}}, "residual")}};
}

} // namespace

class EstimateOnModelTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        if (!QFile::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not there; run packaging/setup.sh");
        model = Model::open(QUANTSCOPE_DEFAULT_MODEL);
    }
    void estimateIsCloseToTheExactError_data();
    void estimateIsCloseToTheExactError();

private:
    std::shared_ptr<const Model> model;
};

void EstimateOnModelTest::estimateIsCloseToTheExactError_data() {
    QTest::addColumn<QString>("layer");
    QTest::addColumn<QString>("grid");
    QTest::addColumn<QString>("clipping");
    for (const char* layer :
         {"model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.v_proj", "model.layers.12.mlp.down_proj"})
        for (const char* cut :
             {R"("granularity":"channel")", R"("granularity":"tensor")", R"("granularity":"group","group":64)"})
            for (const char* clipping : {R"({"name":"min-max"})", R"({"name":"coefficient","coefficient":0.8})",
                                         R"({"name":"percentile","percentile":99.5})", R"({"name":"mse"})"})
                for (const char* grid :
                     {R"("name":"uniform","symmetric":true,"bits":8)", R"("name":"uniform","symmetric":false,"bits":4)",
                      R"("name":"piecewise","bits":4)",
                      R"("name":"piecewise","bits":3,"bias_correction":"weight-moments")"}) {
                    const QString text = QString("{%1,%2}").arg(grid, cut);
                    QTest::addRow("%s %s %s", layer, qPrintable(text), clipping) << layer << text << clipping;
                }
}

void EstimateOnModelTest::estimateIsCloseToTheExactError() {
    QFETCH(QString, layer);
    QFETCH(QString, grid);
    QFETCH(QString, clipping);
    const Site* site = model->find_site(layer.toStdString());
    QVERIFY(site);
    const WeightRows rows{"model", site->name, site->out, site->in,
                          [&](std::int64_t first, std::int64_t count, std::span<float> out) {
                              read_site_rows(model->checkpoint(), *site, first, count, out);
                          }};
    const auto scheme = resolved(json::parse(grid.toStdString()), json::parse(clipping.toStdString()));
    Progress progress;
    const auto exact = fit_site(rows, scheme, progress);
    const auto estimate = estimate_error(*make_error_histogram(rows, scheme, progress), scheme, false);
    // At 8 bits a fixed clip leaves little but the error of the few weights beyond it, of which a sample has fewer
    // still; a row's correction is known to its row only.
    const bool few =
        grid.contains("\"bits\":8") && (clipping.contains("coefficient") || clipping.contains("percentile"));
    const double tolerance = few ? 0.25 : grid.contains("weight-moments") ? 0.12 : 0.06;
    QVERIFY2(std::abs(estimate.mse / exact.error.mse - 1) < tolerance,
             qPrintable(QString("estimate %1, exact %2").arg(estimate.mse).arg(exact.error.mse)));
    QVERIFY2(std::abs(estimate.saturated - exact.error.saturated) < 0.01,
             qPrintable(QString("estimate %1, exact %2").arg(estimate.saturated).arg(exact.error.saturated)));
    QCOMPARE(estimate.bytes, static_cast<double>(exact.bytes()));
}

QTEST_APPLESS_MAIN(EstimateOnModelTest)
#include "tst_estimate_on_model.moc"
