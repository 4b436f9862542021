// QCustomPlot's header in a program that is compiled with QT_NO_KEYWORDS: it writes `signals`, `slots`
// and `foreach`.
#pragma once

#ifdef QT_NO_KEYWORDS
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach
#else
#include <qcustomplot.h>
#endif
