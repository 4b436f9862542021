// The measures of a layer that the overview can colour by.
#include "widgets/overview/measure.h"

#include <array>

#include "widgets/number_text.h"

namespace quantscope::widgets {
namespace {

using studio::LayerMeasures;

QString number(double value) { return number_text(value); }
QString one_decimal(double value) { return fixed_text(value, 1); }
QString two_decimals(double value) { return fixed_text(value, 2); }
QString percent(double value) { return percent_text(value); }

constexpr std::array<Measure, 8> all{{
    {"outlier_score", QT_TRANSLATE_NOOP("Measure", "outlier score"),
     QT_TRANSLATE_NOOP("Measure",
                       "Largest |weight| ÷ median of the channels' largest: how far single channels stick out"),
     [](const LayerMeasures& m) { return m.outlier_score; }, one_decimal, true},
    {"kurtosis", QT_TRANSLATE_NOOP("Measure", "kurtosis (Gaussian: 3)"),
     QT_TRANSLATE_NOOP("Measure", "How heavy the tails are; heavy tails gain from clipping and piecewise grids"),
     [](const LayerMeasures& m) { return m.kurtosis; }, one_decimal, true},
    {"error", QT_TRANSLATE_NOOP("Measure", "relative error ‖W−Ŵ‖/‖W‖"),
     QT_TRANSLATE_NOOP("Measure", "Error of the layer under the present recipe, estimated until it is quantized"),
     [](const LayerMeasures& m) { return m.error; }, percent, false},
    {"sqnr_db", QT_TRANSLATE_NOOP("Measure", "SQNR, dB"),
     QT_TRANSLATE_NOOP("Measure", "Signal to quantization noise under the present recipe; 6 dB are about one bit"),
     [](const LayerMeasures& m) { return m.sqnr_db; }, one_decimal, false},
    {"bits", QT_TRANSLATE_NOOP("Measure", "bits per weight"),
     QT_TRANSLATE_NOOP("Measure", "Bits per weight under the present recipe, scales included"),
     [](const LayerMeasures& m) { return m.bits; }, two_decimals, false},
    {"size", QT_TRANSLATE_NOOP("Measure", "size"), QT_TRANSLATE_NOOP("Measure", "Bytes under the present recipe"),
     [](const LayerMeasures& m) { return m.size; }, size_text, true},
    {"absmax", QT_TRANSLATE_NOOP("Measure", "largest |weight|"),
     QT_TRANSLATE_NOOP("Measure", "The largest weight's size: what a min–max range must cover"),
     [](const LayerMeasures& m) { return m.absmax; }, number, true},
    {"standard_deviation", QT_TRANSLATE_NOOP("Measure", "standard deviation σ"),
     QT_TRANSLATE_NOOP("Measure", "Spread of the layer's weights"),
     [](const LayerMeasures& m) { return m.standard_deviation; }, number, false},
}};

} // namespace

std::span<const Measure> measures() { return all; }

} // namespace quantscope::widgets
