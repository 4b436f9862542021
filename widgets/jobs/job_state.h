// One long piece of work as the Jobs panel shows it: a snapshot, made anew whenever something changes.
#pragma once

#include <QMetaType>
#include <QString>
#include <cmath>

namespace quantscope::widgets {

struct JobState {
    enum class Phase { waiting, running, cancelling, done, failed, cancelled };

    quint64 id = 0;
    QString title;   ///< "Quantize"
    QString text;    ///< what it is at: "block 12, down_proj"; the error's sentence when it has failed
    QString details; ///< of an error of several lines: all of them
    double fraction = 0;
    double seconds = 0;        ///< since it began to run
    double seconds_left = NAN; ///< not known at first
    Phase phase = Phase::waiting;
    bool background = false; ///< started by the studio itself; shown quietly

    bool is_over() const { return phase == Phase::done || phase == Phase::failed || phase == Phase::cancelled; }
};

} // namespace quantscope::widgets

Q_DECLARE_METATYPE(quantscope::widgets::JobState)
