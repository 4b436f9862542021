// Reads the filter line of the layer tree.
#include "widgets/layers/layer_filter.h"

#include <QRegularExpression>

namespace quantscope::widgets {

using studio::LayerMeasures;
using studio::LayerRow;

const std::vector<LayerMeasure>& layer_measures() {
    static const std::vector<LayerMeasure> all{
        {QStringLiteral("outliers"), QStringLiteral("outlier score"),
         QStringLiteral("largest |w| divided by the median of the channels' largest |w|"), true,
         [](const LayerRow&, const LayerMeasures& m) { return m.outlier_score; }},
        {QStringLiteral("kurtosis"), QStringLiteral("kurtosis"),
         QStringLiteral("weight of the tails: 3 for a normal distribution, more with outliers"), true,
         [](const LayerRow&, const LayerMeasures& m) { return m.kurtosis; }},
        {QStringLiteral("error"), QStringLiteral("relative error, %"),
         QStringLiteral("‖W − Ŵ‖ / ‖W‖ under the present scheme"), false,
         [](const LayerRow&, const LayerMeasures& m) { return m.error * 100; }},
        {QStringLiteral("sqnr"), QStringLiteral("signal to noise, dB"),
         QStringLiteral("signal-to-quantization-noise ratio under the present scheme"), false,
         [](const LayerRow&, const LayerMeasures& m) { return m.sqnr_db; }},
        {QStringLiteral("bits"), QStringLiteral("bits per weight"),
         QStringLiteral("bits per weight with scales and zero points"), false,
         [](const LayerRow&, const LayerMeasures& m) { return m.bits; }},
        {QStringLiteral("max"), QStringLiteral("largest |w|"), QStringLiteral("largest absolute weight"), true,
         [](const LayerRow&, const LayerMeasures& m) { return m.absmax; }},
        {QStringLiteral("sigma"), QStringLiteral("standard deviation"),
         QStringLiteral("standard deviation of the weights"), true,
         [](const LayerRow&, const LayerMeasures& m) { return m.standard_deviation; }},
        {QStringLiteral("size"), QStringLiteral("size, kB"), QStringLiteral("bytes under the present scheme"), true,
         [](const LayerRow&, const LayerMeasures& m) { return m.size / 1000; }},
        {QStringLiteral("parameters"), QStringLiteral("parameters"), QStringLiteral("number of weights"), true,
         [](const LayerRow& row, const LayerMeasures&) { return double(row.parameters); }},
    };
    return all;
}

const LayerMeasure& layer_measure(const QString& key) {
    for (const auto& measure : layer_measures())
        if (measure.key == key) return measure;
    return layer_measures().front();
}

LayerFilter LayerFilter::parse(const QString& text) {
    LayerFilter filter;
    static const QRegularExpression spaces(QStringLiteral("\\s+"));
    for (const QString& word : text.split(spaces, Qt::SkipEmptyParts)) {
        if (word == QLatin1String("changed")) {
            filter.tests_.push_back([](const LayerRow&, const LayerMeasures& m) { return m.differs; });
            continue;
        }
        const auto colon = word.indexOf(u':');
        if (colon > 0 && filter.add_key(word.left(colon), word.mid(colon + 1))) continue;
        if (word.contains(QRegularExpression(QStringLiteral("[<>=]")))) {
            if (!filter.add_comparison(word))
                filter.problem_ = QStringLiteral("“%1” is not understood: write a measure, < or >, and a number, as in "
                                                 "bits<4 or outliers>10")
                                      .arg(word);
            continue;
        }
        if (colon > 0) {
            filter.problem_ = QStringLiteral("“%1” is not understood: role:, block:, scheme: and name: are").arg(word);
            continue;
        }
        filter.add_key(QStringLiteral("name"), word);
    }
    return filter;
}

bool LayerFilter::add_key(const QString& key, const QString& value) {
    if (value.isEmpty()) return key == u"role" || key == u"block" || key == u"scheme" || key == u"name"; // being typed
    if (key == u"role") {
        roles_ += value.split(u',', Qt::SkipEmptyParts);
        tests_.push_back([roles = value.split(u',', Qt::SkipEmptyParts)](const LayerRow& row, const LayerMeasures&) {
            return roles.contains(QString::fromStdString(row.role), Qt::CaseInsensitive);
        });
    } else if (key == u"block") {
        const QStringList ends = value.split(u'-');
        bool first_good = false, last_good = false;
        const int first = ends.first().toInt(&first_good), last = ends.last().toInt(&last_good);
        if (!first_good || (!last_good && !ends.last().isEmpty())) return false;
        tests_.push_back([first, last = last_good ? last : 1 << 30](const LayerRow& row, const LayerMeasures&) {
            return row.block >= first && row.block <= last;
        });
    } else if (key == u"scheme") {
        tests_.push_back([value](const LayerRow&, const LayerMeasures& m) {
            return QString::fromStdString(m.scheme).contains(value, Qt::CaseInsensitive);
        });
    } else if (key == u"name") {
        tests_.push_back([value](const LayerRow& row, const LayerMeasures&) {
            return QString::fromStdString(row.name).contains(value, Qt::CaseInsensitive);
        });
    } else {
        return false;
    }
    return true;
}

bool LayerFilter::add_comparison(const QString& word) {
    static const QRegularExpression form(QStringLiteral("^([a-z]+)(<=|>=|<|>|=)([-+0-9.eE]+)%?$"));
    const auto match = form.match(word);
    if (!match.hasMatch()) return false;
    const QString key = match.captured(1), sign = match.captured(2);
    bool good = false;
    const double limit = match.captured(3).toDouble(&good);
    const LayerMeasure& measure = layer_measure(key);
    if (!good || measure.key != key) return false;
    tests_.push_back([&measure, sign, limit](const LayerRow& row, const LayerMeasures& measures) {
        const double value = measure.value(row, measures); // NaN, not known yet, compares as false
        return sign == u"<"    ? value < limit
               : sign == u">"  ? value > limit
               : sign == u"<=" ? value <= limit
               : sign == u">=" ? value >= limit
                               : std::abs(value - limit) <= 1e-9 * std::abs(limit);
    });
    return true;
}

bool LayerFilter::matches(const LayerRow& row, const LayerMeasures& measures) const {
    for (const auto& test : tests_)
        if (!test(row, measures)) return false;
    return true;
}

} // namespace quantscope::widgets
