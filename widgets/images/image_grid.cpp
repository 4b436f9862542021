// The grid of pictures: zoom, keys and the picture of the whole. How a cell is drawn stands in image_cell_delegate.cpp.
#include "widgets/images/image_grid.h"

#include <QBuffer>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QMessageBox>
#include <QSaveFile>
#include <QScrollBar>
#include <QStandardPaths>
#include <QWheelEvent>
#include <algorithm>

#include "core/base/errors.h"
#include "widgets/images/image_header.h"
#include "widgets/parts.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

constexpr int smallest_side = 84, largest_side = 128; ///< screen pixels of a picture until a person zooms

} // namespace

ImageGrid::ImageGrid(QWidget* parent)
    : QTableView(parent)
    , model_(new ImageGridModel(this))
    , corner_(quiet(tr("PSNR · SSIM\nto original"))) {
    setObjectName(QStringLiteral("imageGrid"));
    setAccessibleName(tr("Sampled images"));
    setToolTip(tr("The same classes and seeds, from the same noise, sampled by each model. Arrows move, Return or a "
                  "click opens the pair, Ctrl+wheel zooms all cells, holding Space shows the original everywhere."));
    setModel(model_);
    setItemDelegate(new ImageCellDelegate(this));
    setHorizontalHeader(new ImageHeader(Qt::Horizontal, model_, this));
    setVerticalHeader(new ImageHeader(Qt::Vertical, model_, this));
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setShowGrid(false);
    setTabKeyNavigation(false);
    setCornerButtonEnabled(false);
    setFrameShape(QFrame::NoFrame);
    setCornerWidget(new QWidget); // between the scroll bars, where the style would draw a frame
    corner_->setParent(this);
    corner_->setFont(Theme::current().text_font(-1));
    corner_->setAlignment(Qt::AlignLeft | Qt::AlignBottom);
    corner_->setContentsMargins(8, 0, 0, 8);
    corner_->setAttribute(Qt::WA_TransparentForMouseEvents);
    connect(this, &QAbstractItemView::clicked, this,
            [this](const QModelIndex& index) { Q_EMIT cellOpened(index.row(), index.column(), false); });
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &ImageGrid::fitCells);
    fitCells();
}

void ImageGrid::setComparison(ComparisonSnapshot comparison) {
    const QModelIndex current = currentIndex();
    const QSize size = comparison ? picture_size(*comparison) : QSize();
    static_cast<ImageCellDelegate*>(itemDelegate())->forget();
    model_->setComparison(std::move(comparison));
    if (size != picture_size_ && !size.isEmpty()) {
        picture_size_ = size;
        zoom_chosen_ = false;
    }
    fitCells();
    if (!currentIndex().isValid()) setCurrentIndex(model_->index(current.row(), current.column()));
}

void ImageGrid::setZoom(double zoom) {
    zoom_chosen_ = true;
    if (zoom == zoom_) return;
    zoom_ = zoom;
    fitCells();
    if (currentIndex().isValid()) scrollTo(currentIndex());
}

void ImageGrid::resetZoom() {
    zoom_chosen_ = false;
    fitCells();
}

double ImageGrid::usualZoom() const {
    const int columns = std::max(1, model_->columnCount());
    const int room = width() - verticalHeader()->sizeHint().width() - verticalScrollBar()->sizeHint().width();
    const int side = std::clamp(room / columns - 2 * ImageCellDelegate::margin, smallest_side, largest_side);
    return fitting_zoom(picture_size_, QSizeF(side, side));
}

void ImageGrid::updateGeometries() {
    QTableView::updateGeometries();
    corner_->setGeometry(0, 0, verticalHeader()->width(), horizontalHeader()->height());
    corner_->setVisible(model_->columnCount() > 1);
    corner_->raise();
}

void ImageGrid::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    if (!zoom_chosen_ && usualZoom() != zoom_) fitCells();
}

void ImageGrid::fitCells() {
    const double before = zoom_;
    if (!zoom_chosen_) zoom_ = usualZoom();
    const auto* delegate = static_cast<ImageCellDelegate*>(itemDelegate());
    const QSize cell = delegate->cellSize((QSizeF(picture_size_) * zoom_).toSize());
    horizontalHeader()->setDefaultSectionSize(cell.width());
    verticalHeader()->setDefaultSectionSize(cell.height());
    horizontalScrollBar()->setSingleStep(cell.width() / 4);
    verticalScrollBar()->setSingleStep(cell.height() / 4);
    updateGeometries();
    if (zoom_ != before) Q_EMIT zoomChanged(zoom_);
}

void ImageGrid::setShowsOriginal(bool shows) {
    if (shows == shows_original_) return;
    shows_original_ = shows;
    viewport()->update();
}

QRect ImageGrid::pictureRect(int row, int column) const {
    const studio::Picture* picture = model_->comparison() ? picture_at(*model_->comparison(), row, column) : nullptr;
    const QSizeF size = is_sampled(picture) ? QSizeF(picture->width, picture->height) : QSizeF(picture_size_);
    return static_cast<ImageCellDelegate*>(itemDelegate())
        ->pictureRect(visualRect(model_->index(row, column)), (size * zoom_).toSize());
}

void ImageGrid::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
    QTableView::currentChanged(current, previous);
    setAccessibleDescription(current.data(Qt::AccessibleTextRole).toString());
    if (current.isValid()) Q_EMIT cellChanged(current.row(), current.column());
}

void ImageGrid::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return setZoom(next_zoom(zoom_, 1));
    case Qt::Key_Minus:
        return setZoom(next_zoom(zoom_, -1));
    case Qt::Key_0:
        return resetZoom();
    case Qt::Key_Space:
        if (!event->isAutoRepeat()) setShowsOriginal(true);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (event->modifiers() & Qt::ControlModifier) return event->ignore(); // the view's Generate
        if (currentIndex().isValid()) Q_EMIT cellOpened(currentIndex().row(), currentIndex().column(), true);
        return;
    default:
        QTableView::keyPressEvent(event);
    }
}

void ImageGrid::keyReleaseEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Space && !event->isAutoRepeat()) setShowsOriginal(false);
    QTableView::keyReleaseEvent(event);
}

void ImageGrid::focusOutEvent(QFocusEvent* event) {
    setShowsOriginal(false); // the key's release goes elsewhere
    QTableView::focusOutEvent(event);
}

void ImageGrid::wheelEvent(QWheelEvent* event) {
    if (!(event->modifiers() & Qt::ControlModifier)) return QTableView::wheelEvent(event);
    if (event->angleDelta().y() != 0) setZoom(next_zoom(zoom_, event->angleDelta().y() > 0 ? 1 : -1));
    event->accept();
}

void ImageGrid::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    connect(menu.addAction(themed_icon(QStringLiteral("zoom-original")), tr("Usual size\t0")), &QAction::triggered,
            this, &ImageGrid::resetZoom);
    connect(menu.addAction(themed_icon(QStringLiteral("document-save-as")), tr("Save grid…")), &QAction::triggered,
            this, &ImageGrid::saveDialog);
    menu.exec(event->globalPos());
}

QImage ImageGrid::toImage() {
    const int left = verticalHeader()->sizeHint().width(), top = horizontalHeader()->sizeHint().height();
    const int columns = model_->columnCount(), rows = model_->rowCount();
    const QSize cell(horizontalHeader()->defaultSectionSize(), verticalHeader()->defaultSectionSize());
    const double scale = devicePixelRatioF();
    QImage image((QSizeF(left + columns * cell.width(), top + rows * cell.height()) * scale).toSize(),
                 QImage::Format_RGB32);
    image.setDevicePixelRatio(scale);
    image.fill(Theme::current().panel);
    QPainter painter(&image);
    const auto* across = static_cast<ImageHeader*>(horizontalHeader());
    const auto* down = static_cast<ImageHeader*>(verticalHeader());
    for (int column = 0; column < columns; ++column)
        across->paintSection(&painter, QRect(left + column * cell.width(), 0, cell.width(), top), column);
    QStyleOptionViewItem option;
    initViewItemOption(&option);
    option.state &= ~(QStyle::State_Selected | QStyle::State_HasFocus);
    for (int row = 0; row < rows; ++row) {
        down->paintSection(&painter, QRect(0, top + row * cell.height(), left, cell.height()), row);
        for (int column = 0; column < columns; ++column) {
            option.rect = QRect(QPoint(left + column * cell.width(), top + row * cell.height()), cell);
            itemDelegate()->paint(&painter, option, model_->index(row, column));
        }
    }
    return image;
}

void ImageGrid::save(const QString& path) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    QSaveFile file(path);
    if (!toImage().save(&buffer, "PNG") || !file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() ||
        !file.commit())
        throw IoError(path.toStdString(), "",
                      "cannot be written (" + file.errorString().toStdString() + "); choose another folder");
}

void ImageGrid::saveDialog() {
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::PicturesLocation);
    QString path = QFileDialog::getSaveFileName(this, tr("Save grid"), folder + QStringLiteral("/images.png"),
                                                tr("Picture (*.png)"));
    if (path.isEmpty()) return;
    if (QFileInfo(path).suffix().isEmpty()) path += QStringLiteral(".png");
    try {
        save(path);
    } catch (const IoError& error) {
        QMessageBox::warning(this, tr("Save grid"), QString::fromUtf8(error.what()));
    }
}

} // namespace quantscope::widgets
