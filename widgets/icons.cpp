// themed_icon(): an icon engine that paints breeze's drawings in the colours of the theme in force.
#include "widgets/theme.h"

#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QPixmapCache>
#include <QRegularExpression>
#include <QSvgRenderer>

// Q_INIT_RESOURCE must stand outside of a namespace; without it the linker drops the drawings from the static library.
static void register_icons() { Q_INIT_RESOURCE(quantscope_icons); }

namespace quantscope::widgets {
namespace {

QByteArray recoloured(const QString& file, const QColor& text) {
    QFile source(file);
    if (!source.open(QIODevice::ReadOnly)) return {};
    const Theme& theme = Theme::current();
    QString drawing = QString::fromUtf8(source.readAll());
    // Breeze marks what a colour is for by a class; each class is one line of the drawing's own style sheet.
    const std::pair<const char*, QColor> classes[] = {
        {"Text", text},
        {"Highlight", theme.accent},
        {"ButtonFocus", theme.accent},
        {"NegativeText", QColor(theme.dark ? 0xF2777A : 0xC4314B)},
        {"NeutralText", theme.scheme_a},
        {"PositiveText", theme.scheme_d},
    };
    for (const auto& [name, colour] : classes) {
        const QRegularExpression rule(
            QStringLiteral("(\\.ColorScheme-%1\\s*\\{\\s*color\\s*:\\s*)#[0-9a-fA-F]{3,6}").arg(QLatin1String(name)));
        drawing.replace(rule, QStringLiteral("\\1") + colour.name());
    }
    return drawing.toUtf8();
}

class ThemedIconEngine : public QIconEngine {
public:
    ThemedIconEngine(QString name, IconTone tone)
        : name_(std::move(name))
        , tone_(tone) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        QSvgRenderer renderer(recoloured(path(), colour()));
        const int side = std::min(rect.width(), rect.height());
        QRectF square(0, 0, side, side);
        square.moveCenter(QRectF(rect).center());
        painter->save();
        if (mode == QIcon::Disabled) painter->setOpacity(painter->opacity() * 0.4);
        renderer.render(painter, square);
        painter->restore();
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        return scaledPixmap(size, mode, state, 1.0);
    }

    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal scale) override {
        const QString key = QStringLiteral("quantscope/%1/%2/%3x%4/%5/%6")
                                .arg(name_, colour().name())
                                .arg(size.width())
                                .arg(size.height())
                                .arg(int(mode))
                                .arg(Theme::current().dark);
        QPixmap pixmap;
        if (QPixmapCache::find(key, &pixmap)) return pixmap;
        pixmap = QPixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(0, 0), size), mode, state);
        painter.end();
        QPixmapCache::insert(key, pixmap);
        Q_UNUSED(scale) // size is in device pixels already; QIcon sets the ratio on what it is given
        return pixmap;
    }

    QString iconName() override { return name_; }
    QString key() const override { return QStringLiteral("quantscope-themed"); }
    QIconEngine* clone() const override { return new ThemedIconEngine(*this); }
    bool isNull() override { return false; }

private:
    QString path() const { return QStringLiteral(":/quantscope/icons/%1.svg").arg(name_); }
    QColor colour() const {
        const Theme& theme = Theme::current();
        return tone_ == IconTone::accent ? theme.accent : tone_ == IconTone::on_accent ? theme.on_accent() : theme.text;
    }

    QString name_;
    IconTone tone_;
};

} // namespace

QIcon themed_icon(const QString& name, IconTone tone) {
    register_icons();
    if (!QFile::exists(QStringLiteral(":/quantscope/icons/%1.svg").arg(name))) return {};
    return QIcon(new ThemedIconEngine(name, tone));
}

void load_icons() { register_icons(); }

} // namespace quantscope::widgets
