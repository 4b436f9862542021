// The measures of a layer that the overview can colour by: name, unit, how to read it from the session's struct.
#pragma once

#include <QString>
#include <span>

#include "core/studio/views.h"

namespace quantscope::widgets {

struct Measure {
    const char* key;
    const char* label; ///< as a person reads it, with its unit
    const char* help;
    double (*value)(const studio::LayerMeasures&);
    QString (*text)(double);
    bool logarithmic; ///< spans decades: colours by its logarithm
};

/// All measures, in the order of the list that a person chooses from.
std::span<const Measure> measures();

} // namespace quantscope::widgets
