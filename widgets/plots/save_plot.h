// A plot as a file: PNG for slides, SVG and PDF for papers. Written whole or not at all.
#pragma once

#include <QString>

class QCustomPlot;
class QWidget;

namespace quantscope::widgets {

/// Writes what the plot shows; the ending (.png, .svg, .pdf) decides the format. PNG is drawn at twice the screen's
/// size. An existing file stays as it is unless the new one is complete.
/// \throws IoError naming the file, and for another ending
void save_plot(QCustomPlot& plot, const QString& path);

/// Asks for a file and saves; says in a message what went wrong. \returns true when a file was written
bool save_plot_dialog(QWidget* parent, QCustomPlot* plot);

} // namespace quantscope::widgets
