// The design's tokens, and the palette and style sheet made from them.
#include "widgets/theme.h"

#include <QApplication>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QPalette>
#include <QStyleFactory>
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace quantscope::widgets {
namespace {

Theme light_theme() {
    Theme theme;
    theme.window = QColor(0xF6, 0xF7, 0xF9);
    theme.panel = theme.plot = QColor(0xFF, 0xFF, 0xFF);
    theme.line = QColor(0xDA, 0xDE, 0xE4);
    theme.grid = QColor(0xEC, 0xEF, 0xF2);
    theme.text = QColor(0x1B, 0x1F, 0x24);
    theme.secondary = QColor(0x59, 0x63, 0x6E);
    theme.accent = QColor(0x0B, 0x6B, 0xCB);
    theme.selection = QColor(0xDC, 0xEB, 0xFB);
    theme.original = QColor(0x8A, 0x94, 0xA0);
    theme.scheme_a = theme.clip = QColor(0xD5, 0x5E, 0x00);
    theme.scheme_b = theme.breakpoint = QColor(0x00, 0x72, 0xB2);
    theme.scheme_c = QColor(0xCC, 0x79, 0xA7);
    theme.scheme_d = QColor(0x00, 0x9E, 0x73);
    theme.scheme_e = QColor(0xE6, 0x9F, 0x00);
    return theme;
}

Theme dark_theme() {
    Theme theme;
    theme.dark = true;
    theme.window = QColor(0x16, 0x18, 0x1C);
    theme.panel = QColor(0x1E, 0x21, 0x26);
    theme.plot = QColor(0x1A, 0x1D, 0x21);
    theme.line = QColor(0x34, 0x3A, 0x42);
    theme.grid = QColor(0x2A, 0x2F, 0x36);
    theme.text = QColor(0xE6, 0xE8, 0xEB);
    theme.secondary = QColor(0x9A, 0xA4, 0xAF);
    theme.accent = QColor(0x5A, 0xA9, 0xF5);
    theme.selection = QColor(0x26, 0x3B, 0x52);
    theme.original = QColor(0x7C, 0x87, 0x93);
    theme.scheme_a = theme.clip = QColor(0xF0, 0x88, 0x3E);
    theme.scheme_b = theme.breakpoint = QColor(0x56, 0xB4, 0xE9);
    theme.scheme_c = QColor(0xCC, 0x79, 0xA7);
    theme.scheme_d = QColor(0x4A, 0xC2, 0x6B);
    theme.scheme_e = QColor(0xE6, 0x9F, 0x00);
    return theme;
}

Theme& theme_in_force() {
    static Theme theme = light_theme();
    return theme;
}

/// What the desktop had chosen before this program set a palette of its own.
bool desktop_is_dark() {
    static const bool dark = [] {
        const QPalette palette = QGuiApplication::palette();
        return palette.color(QPalette::WindowText).lightness() > palette.color(QPalette::Window).lightness();
    }();
    return dark;
}

QPalette palette_of(const Theme& theme) {
    QPalette palette;
    const auto set = [&](QPalette::ColorRole role, const QColor& colour) { palette.setColor(role, colour); };
    set(QPalette::Window, theme.window);
    set(QPalette::WindowText, theme.text);
    set(QPalette::Base, theme.panel);
    set(QPalette::AlternateBase, theme.window);
    set(QPalette::Text, theme.text);
    set(QPalette::PlaceholderText, theme.secondary);
    set(QPalette::Button, theme.panel);
    set(QPalette::ButtonText, theme.text);
    set(QPalette::BrightText, theme.scheme_a);
    set(QPalette::ToolTipBase, theme.panel);
    set(QPalette::ToolTipText, theme.text);
    set(QPalette::Highlight, theme.selection);
    set(QPalette::HighlightedText, theme.text);
    set(QPalette::Link, theme.accent);
    set(QPalette::LinkVisited, theme.accent);
    set(QPalette::Light, theme.panel);
    set(QPalette::Midlight, theme.grid);
    set(QPalette::Mid, theme.line);
    set(QPalette::Dark, theme.line);
    set(QPalette::Shadow, theme.line);
    QColor faint = theme.secondary;
    faint.setAlphaF(0.6F);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        palette.setColor(QPalette::Disabled, role, faint);
    return palette;
}

// @token@ stands for a colour of the theme, @arrow@ and so on for the recoloured drawings of this theme.
constexpr const char* sheet = R"(
QToolTip { background: @panel@; color: @text@; border: 1px solid @line@; padding: 4px; }
QMainWindow::separator { background: @line@; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: @accent@; }
QSplitter::handle { background: @line@; }
QToolBar { background: @panel@; border: none; border-bottom: 1px solid @line@; padding: 6px 8px; spacing: 4px; }
QStatusBar { background: @panel@; border-top: 1px solid @line@; }
QStatusBar::item { border: none; }
QDockWidget { titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: @panel@; padding: 8px 12px 4px 12px; text-align: left; }
QMenu { background: @panel@; border: 1px solid @line@; padding: 4px; }
QMenu::item { padding: 4px 24px 4px 12px; border-radius: 4px; }
QMenu::icon { padding-left: 8px; }
QMenu::item:selected { background: @selection@; color: @text@; }
QMenu::item:disabled { color: @faint@; }
QMenu::separator { height: 1px; background: @line@; margin: 4px; }

QPushButton, QToolBar QToolButton { background: @panel@; color: @text@; border: 1px solid @line@; border-radius: 6px;
    padding: 4px 12px; min-height: 18px; }
QPushButton:hover, QToolBar QToolButton:hover { background: @window@; border-color: @secondary@; }
QPushButton:pressed, QToolBar QToolButton:pressed { background: @selection@; }
QPushButton:checked, QToolBar QToolButton:checked { background: @selection@; border-color: @accent@; }
QPushButton:focus, QToolBar QToolButton:focus { border-color: @accent@; }
QPushButton:disabled, QToolBar QToolButton:disabled { color: @faint@; border-color: @grid@; }
QPushButton[primary="true"], QToolButton[primary="true"] { background: @accent@; color: @on_accent@;
    border-color: @accent@; font-weight: 600; }
QPushButton[primary="true"]:hover, QToolButton[primary="true"]:hover { background: @accent_hover@; }
QPushButton[primary="true"]:disabled, QToolButton[primary="true"]:disabled { background: @grid@; color: @faint@;
    border-color: @grid@; }
QPushButton[chip="true"] { color: @secondary@; background: @panel@; padding: 3px 8px; }
QPushButton[chip="true"]:checked { color: @text@; background: @selection@; border-color: @accent@; }
QToolBar QToolButton { padding: 4px 8px; }
QToolBar QToolButton[flat="true"] { border-color: transparent; background: transparent; padding: 4px; }
QToolBar QToolButton[flat="true"]:hover { border-color: @line@; }
QToolBar QToolButton[popupMode="1"], QToolBar QToolButton[popupMode="2"] { padding-right: 20px; }
QToolButton::menu-indicator, QPushButton::menu-indicator { image: url(:/quantscope/icons/arrow_down_@theme@.svg);
    width: 10px; height: 10px; subcontrol-origin: padding; subcontrol-position: center right; right: 6px; }
QPushButton::menu-indicator { right: 4px; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox { background: @panel@; color: @text@;
    border: 1px solid @line@; border-radius: 6px; padding: 3px 8px;
    selection-background-color: @accent@; selection-color: @on_accent@; }
QAbstractSpinBox, QComboBox, QLineEdit { min-height: 18px; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: @secondary@; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
    border-color: @accent@; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: @faint@; border-color: @grid@; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url(:/quantscope/icons/arrow_down_@theme@.svg); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: @panel@; border: 1px solid @line@; outline: none; padding: 4px;
    selection-background-color: @selection@; selection-color: @text@; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; width: 16px; }
QAbstractSpinBox::up-arrow { image: url(:/quantscope/icons/arrow_up_@theme@.svg); width: 8px; height: 8px; }
QAbstractSpinBox::down-arrow { image: url(:/quantscope/icons/arrow_down_@theme@.svg); width: 8px; height: 8px; }
QCheckBox { spacing: 8px; }
QCheckBox::indicator, QTableView::indicator { width: 14px; height: 14px; border: 1px solid @secondary@;
    border-radius: 3px; background: @panel@; }
QCheckBox::indicator:checked, QTableView::indicator:checked { background: @accent@; border-color: @accent@;
    image: url(:/quantscope/icons/tick_@theme@.svg); }
QCheckBox::indicator:indeterminate { background: @accent@; border-color: @accent@;
    image: url(:/quantscope/icons/dash_@theme@.svg); }
QCheckBox::indicator:focus { border-color: @accent@; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: @line@; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: @accent@; }
QSlider::sub-page:horizontal:disabled { background: @line@; }
QSlider::handle:horizontal { width: 10px; height: 10px; margin: -5px 0; border-radius: 7px; background: @panel@;
    border: 2px solid @accent@; }
QSlider::handle:horizontal:disabled { border-color: @secondary@; }
QSlider::handle:horizontal:focus { background: @selection@; }

QProgressBar { background: @line@; border: none; border-radius: 4px; max-height: 8px; min-height: 8px;
    text-align: center; }
QProgressBar::chunk { background: @accent@; border-radius: 4px; }

QTabWidget::pane { border: none; border-top: 1px solid @line@; }
QTabBar { background: @panel@; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @secondary@; padding: 8px 12px; border: none;
    border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: @text@; }
QTabBar::tab:selected { color: @text@; border-bottom-color: @accent@; font-weight: 600; }
QTabBar::tab:focus { color: @accent@; }
QTabBar::tab:disabled { color: @faint@; }

QAbstractItemView { background: @panel@; border: none; outline: none; alternate-background-color: @window@;
    selection-background-color: @selection@; selection-color: @text@; }
QHeaderView { background: @panel@; }
QHeaderView::section { background: @panel@; color: @secondary@; border: none; border-bottom: 1px solid @line@;
    padding: 4px 6px; }
QTableView { gridline-color: @grid@; }
QTableCornerButton::section { background: @panel@; border: none; }

QScrollArea { border: none; background: transparent; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: @line@; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 24px; }
QScrollBar::handle:horizontal { min-width: 24px; }
QScrollBar::handle:hover { background: @secondary@; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QFrame[card="true"] { background: @panel@; border: 1px solid @line@; border-radius: 6px; }
QFrame[dropArea="true"] { background: transparent; border: 1px dashed @secondary@; border-radius: 6px; }
QFrame[banner="quiet"] { background: @panel@; border: 1px solid @line@; border-radius: 6px; }
QFrame[banner="loud"] { background: @selection@; border: 1px solid @accent@; border-radius: 6px; }
QLabel[tone="secondary"] { color: @secondary@; }
QLabel[tone="section"] { color: @secondary@; font-size: 8pt; }
QLabel[tone="heading"] { color: @text@; font-weight: 600; }
)";

QString style_sheet_of(const Theme& theme) {
    QColor faint = theme.secondary;
    faint.setAlphaF(0.6F);
    const std::pair<const char*, QColor> colours[] = {
        {"window", theme.window},
        {"panel", theme.panel},
        {"line", theme.line},
        {"grid", theme.grid},
        {"text", theme.text},
        {"secondary", theme.secondary},
        {"accent", theme.accent},
        {"selection", theme.selection},
        {"on_accent", theme.on_accent()},
        {"accent_hover", theme.dark ? theme.accent.lighter(112) : theme.accent.darker(112)},
    };
    QString text = QString::fromLatin1(sheet);
    for (const auto& [token, colour] : colours)
        text.replace(QStringLiteral("@%1@").arg(QLatin1String(token)), colour.name());
    text.replace(QStringLiteral("@faint@"),
                 QStringLiteral("rgba(%1, %2, %3, 60%)").arg(faint.red()).arg(faint.green()).arg(faint.blue()));
    text.replace(QStringLiteral("@theme@"), theme.dark ? QStringLiteral("dark") : QStringLiteral("light"));
    return text;
}

QColor interpolate(std::span<const QRgb> stops, double t) {
    if (!std::isfinite(t)) return {};
    const double place = std::clamp(t, 0.0, 1.0) * double(stops.size() - 1);
    const auto below = std::min(std::size_t(place), stops.size() - 2);
    const double part = place - double(below);
    const auto mix = [&](int a, int b) { return int(std::lround(a + part * (b - a))); };
    const QRgb low = stops[below], high = stops[below + 1];
    return QColor(mix(qRed(low), qRed(high)), mix(qGreen(low), qGreen(high)), mix(qBlue(low), qBlue(high)));
}

} // namespace

const Theme& Theme::current() { return theme_in_force(); }

QColor Theme::on_accent() const { return dark ? window : panel; }

QColor Theme::model_colour(int i) const {
    const std::array<QColor, 6> colours{original, scheme_a, scheme_b, scheme_c, scheme_d, scheme_e};
    return i <= 0 ? original : i < 6 ? colours[std::size_t(i)] : colours[std::size_t(1 + (i - 1) % 5)];
}

QColor Theme::role_colour(const QString& role) const {
    // Attention in blues, the MLP in warm colours, the rest apart; lightness separates neighbours for colour blindness.
    static const std::pair<const char*, std::pair<QRgb, QRgb>> hues[] = {
        {"q", {0xFF0072B2, 0xFF56B4E9}},          {"k", {0xFF4C9BD6, 0xFF2F86C6}},
        {"v", {0xFF7B6FD0, 0xFFA79BF0}},          {"o", {0xFF009E73, 0xFF4AC26B}},
        {"qkv", {0xFF0072B2, 0xFF56B4E9}},        {"proj", {0xFF009E73, 0xFF4AC26B}},
        {"gate", {0xFFE69F00, 0xFFE6B74A}},       {"up", {0xFFCC79A7, 0xFFD993BA}},
        {"down", {0xFFD55E00, 0xFFF0883E}},       {"fc1", {0xFFCC79A7, 0xFFD993BA}},
        {"fc2", {0xFFD55E00, 0xFFF0883E}},        {"adaLN", {0xFF8C6D31, 0xFFC2A25A}},
        {"embedding", {0xFF5B6673, 0xFF9AA4AF}},  {"head", {0xFF3E4650, 0xFFC4CBD3}},
        {"router", {0xFF117777, 0xFF44C2C2}},     {"convolution", {0xFF7A4B94, 0xFFB98AD2}},
        {"x_embedder", {0xFF5B6673, 0xFF9AA4AF}}, {"t_embedder", {0xFF117777, 0xFF44C2C2}},
        {"y_embedder", {0xFF6B7F2A, 0xFFA9BF5C}}, {"final_layer", {0xFF3E4650, 0xFFC4CBD3}},
    };
    for (const auto& [name, hue] : hues)
        if (role == QLatin1String(name)) return QColor::fromRgb(dark ? hue.second : hue.first);
    return original;
}

QFont Theme::text_font(int point_delta) const {
    static const bool inter = QFontDatabase::families().contains(QStringLiteral("Inter"));
    QFont font = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    if (inter) font.setFamily(QStringLiteral("Inter"));
    font.setPointSizeF(9.75 + point_delta); // 13 pixels at 96 dots per inch
    return font;
}

QFont Theme::number_font(int point_delta) const {
    static const bool mono = QFontDatabase::families().contains(QStringLiteral("JetBrains Mono"));
    QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    if (mono) font.setFamily(QStringLiteral("JetBrains Mono"));
    font.setPointSizeF(9 + point_delta); // 12 pixels: its letters are wider
    return font;
}

QColor viridis(double t) {
    // Samples of matplotlib's viridis (CC0) at eighths.
    static constexpr std::array<QRgb, 9> stops{0xFF440154, 0xFF472D7B, 0xFF3B528B, 0xFF2C728E, 0xFF21918C,
                                               0xFF28AE80, 0xFF5EC962, 0xFFADDC30, 0xFFFDE725};
    return interpolate(stops, t);
}

QColor diverging(double t) {
    static constexpr std::array<QRgb, 5> light{0xFF0B5394, 0xFF7FB3DC, 0xFFF7F7F7, 0xFFF3A96B, 0xFFB34700};
    static constexpr std::array<QRgb, 5> dark{0xFF8CC8F5, 0xFF2E78B0, 0xFF22262B, 0xFFB9601F, 0xFFFFB77A};
    return Theme::current().dark ? interpolate(dark, t) : interpolate(light, t);
}

ThemeNotifier& ThemeNotifier::instance() {
    static ThemeNotifier notifier;
    return notifier;
}

void ThemeNotifier::apply(ThemeChoice choice) {
    const bool desktop_dark = desktop_is_dark(); // asked first: afterwards the palette is ours
    load_icons();
    choice_ = choice;
    const bool dark = choice == ThemeChoice::dark || (choice == ThemeChoice::system && desktop_dark);
    Theme& theme = theme_in_force();
    theme = dark ? dark_theme() : light_theme();
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    QApplication::setPalette(palette_of(theme));
    QApplication::setFont(theme.text_font());
    qApp->setStyleSheet(style_sheet_of(theme));
    Q_EMIT changed();
}

} // namespace quantscope::widgets
