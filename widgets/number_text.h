// How numbers are written in every view: three or four significant digits, sizes in MB, the C locale.
#pragma once

#include <QString>
#include <cstdint>

namespace quantscope::widgets {

inline const QString not_known = QStringLiteral("–");

/// Three or four significant digits, exponents below 1e-3 and from 1e6 on; "–" for NaN.
QString number_text(double value, int digits = 3);
/// Fixed decimals; "–" for NaN.
QString fixed_text(double value, int decimals);
/// 0.0872 → "8.7 %".
QString percent_text(double fraction, int decimals = 1);
/// "461 kB", "78.4 MB", "14.2 GB" (powers of 1000, as file managers show them).
QString size_text(double bytes);
/// "134.5 M", "7.2 B".
QString count_text(double count);
/// "8 s", "3 min 20 s", "2 h 5 min".
QString duration_text(double seconds);

} // namespace quantscope::widgets
