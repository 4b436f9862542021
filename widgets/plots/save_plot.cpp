// A plot as a file.
#include "widgets/plots/save_plot.h"

#include <QBuffer>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPdfWriter>
#include <QSaveFile>
#include <QStandardPaths>
#include <QSvgGenerator>

#include "core/base/errors.h"
#include "widgets/plots/plot.h"

namespace quantscope::widgets {
namespace {

void paint(QCustomPlot& plot, QPaintDevice* device, const QSize& size, double scale) {
    QCPPainter painter;
    painter.begin(device);
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    painter.scale(scale, scale);
    plot.toPainter(&painter, size.width(), size.height());
    painter.end();
}

QByteArray svg(QCustomPlot& plot, const QString& title) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    generator.setSize(plot.size());
    generator.setViewBox(QRect(QPoint(0, 0), plot.size()));
    generator.setTitle(title);
    generator.setDescription(QStringLiteral("Drawn by Quantscope"));
    paint(plot, &generator, plot.size(), 1);
    return bytes;
}

QByteArray pdf(QCustomPlot& plot, const QString& title) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    {
        constexpr int resolution = 288; // a plot's pixel is 1/96 inch
        QPdfWriter writer(&buffer);
        writer.setTitle(title);
        writer.setCreator(QStringLiteral("Quantscope"));
        writer.setResolution(resolution);
        writer.setPageSize(
            QPageSize(QSizeF(plot.width() / 96.0, plot.height() / 96.0), QPageSize::Inch, {}, QPageSize::ExactMatch));
        writer.setPageMargins(QMarginsF(0, 0, 0, 0));
        paint(plot, &writer, plot.size(), resolution / 96.0);
    }
    return bytes;
}

QByteArray png(QCustomPlot& plot) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    plot.toPixmap(plot.width(), plot.height(), 2).save(&buffer, "PNG");
    return bytes;
}

} // namespace

void save_plot(QCustomPlot& plot, const QString& path) {
    if (auto* own = qobject_cast<Plot*>(&plot)) own->set_readout({});
    const QString ending = QFileInfo(path).suffix().toLower();
    const QString title = plot.accessibleName().isEmpty() ? QStringLiteral("Plot") : plot.accessibleName();
    QByteArray bytes;
    if (ending == QLatin1String("png"))
        bytes = png(plot);
    else if (ending == QLatin1String("svg"))
        bytes = svg(plot, title);
    else if (ending == QLatin1String("pdf"))
        bytes = pdf(plot, title);
    else
        throw IoError(path.toStdString(), "", "plots are saved as .png, .svg or .pdf; choose one of these endings");
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        throw IoError(path.toStdString(), "",
                      "cannot be written (" + file.errorString().toStdString() + "); choose another folder");
}

bool save_plot_dialog(QWidget* parent, QCustomPlot* plot) {
    QString name = plot->accessibleName().isEmpty() ? QStringLiteral("plot") : plot->accessibleName();
    name.replace(QLatin1Char(' '), QLatin1Char('_')).replace(QLatin1Char('/'), QLatin1Char('_'));
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::PicturesLocation);
    const QString png_filter = QObject::tr("Picture (*.png)"), svg_filter = QObject::tr("Drawing (*.svg)"),
                  pdf_filter = QObject::tr("PDF (*.pdf)");
    QString chosen = png_filter;
    QString path = QFileDialog::getSaveFileName(
        parent, QObject::tr("Save plot"), folder + QLatin1Char('/') + name + QStringLiteral(".png"),
        QStringList{png_filter, svg_filter, pdf_filter}.join(QStringLiteral(";;")), &chosen);
    if (path.isEmpty()) return false;
    if (QFileInfo(path).suffix().isEmpty())
        path += chosen == svg_filter   ? QStringLiteral(".svg")
                : chosen == pdf_filter ? QStringLiteral(".pdf")
                                       : QStringLiteral(".png");
    try {
        save_plot(*plot, path);
    } catch (const IoError& error) {
        QMessageBox::warning(parent, QObject::tr("Save plot"), QString::fromUtf8(error.what()));
        return false;
    }
    return true;
}

} // namespace quantscope::widgets
