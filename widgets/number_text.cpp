// How numbers are written in every view.
#include "widgets/number_text.h"

#include <cmath>

namespace quantscope::widgets {

QString fixed_text(double value, int decimals) {
    if (std::isnan(value)) return not_known;
    if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
    QString text = QString::number(value, 'f', decimals);
    if (text.startsWith(u'-')) text[0] = QChar(0x2212); // the minus sign is as wide as a digit
    return text;
}

QString number_text(double value, int digits) {
    if (!std::isfinite(value)) return fixed_text(value, 0);
    if (value == 0) return QStringLiteral("0");
    const double size = std::abs(value);
    if (size < 1e-3 || size >= 1e6) {
        QString text = QString::number(value, 'e', digits - 1);
        text.replace(QStringLiteral("e-0"), QStringLiteral("e-")).replace(QStringLiteral("e+0"), QStringLiteral("e"));
        text.remove(u'+').replace(u'-', QChar(0x2212)); // in front and in the exponent
        return text;
    }
    const int whole = int(std::floor(std::log10(size))) + 1;
    return fixed_text(value, std::max(0, digits - whole));
}

QString percent_text(double fraction, int decimals) {
    if (!std::isfinite(fraction)) return fixed_text(fraction, 0);
    return fixed_text(fraction * 100, decimals) + QStringLiteral(" %");
}

QString size_text(double bytes) {
    if (!std::isfinite(bytes)) return not_known;
    if (bytes < 1000) return fixed_text(bytes, 0) + QStringLiteral(" B");
    if (bytes < 1e6) return number_text(bytes / 1e3) + QStringLiteral(" kB");
    if (bytes < 1e9) return fixed_text(bytes / 1e6, 1) + QStringLiteral(" MB");
    return fixed_text(bytes / 1e9, 2) + QStringLiteral(" GB");
}

QString count_text(double count) {
    if (!std::isfinite(count)) return not_known;
    if (count < 1e4) return fixed_text(count, 0);
    if (count < 1e6) return number_text(count / 1e3) + QStringLiteral(" k");
    if (count < 1e9) return number_text(count / 1e6, 4) + QStringLiteral(" M");
    return number_text(count / 1e9, 4) + QStringLiteral(" B");
}

QString duration_text(double seconds) {
    if (!std::isfinite(seconds)) return not_known;
    const auto whole = qint64(std::ceil(std::max(0.0, seconds)));
    if (whole < 60) return QStringLiteral("%1 s").arg(whole);
    if (whole < 3600) return QStringLiteral("%1 min %2 s").arg(whole / 60).arg(whole % 60);
    return QStringLiteral("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
}

} // namespace quantscope::widgets
