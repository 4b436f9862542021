// The filter line above the layer tree, as data: "role:down bits<4 mlp" keeps the layers for which every word holds.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>
#include <vector>

#include "core/studio/views.h"

namespace quantscope::widgets {

/// One measure of a layer that can be a column, a colour or a word of the filter.
struct LayerMeasure {
    QString key;   ///< as the filter spells it: "outliers"
    QString label; ///< as the window shows it: "outlier score"
    QString help;
    bool logarithmic = false;                                                           ///< coloured by its logarithm
    std::function<double(const studio::LayerRow&, const studio::LayerMeasures&)> value; ///< as shown: errors in percent
};

/// Every measure, in the order in which the window offers them.
const std::vector<LayerMeasure>& layer_measures();
const LayerMeasure& layer_measure(const QString& key);

class LayerFilter {
public:
    /// Words are joined by "and". `role:q,k`, `block:3` or `block:3-7`, `scheme:piecewise`, `changed`, a measure with
    /// <, >, <=, >= or = and a number, or a part of the name.
    static LayerFilter parse(const QString& text);

    bool matches(const studio::LayerRow& row, const studio::LayerMeasures& measures) const;
    bool is_empty() const { return tests_.empty(); }
    /// What could not be understood, for the line below the filter; empty when all is well. Such words filter nothing.
    const QString& problem() const { return problem_; }
    /// The roles asked for; empty when all are.
    const QStringList& roles() const { return roles_; }

private:
    using Test = std::function<bool(const studio::LayerRow&, const studio::LayerMeasures&)>;
    bool add_comparison(const QString& word);
    bool add_key(const QString& key, const QString& value);

    std::vector<Test> tests_;
    QStringList roles_;
    QString problem_;
};

} // namespace quantscope::widgets
