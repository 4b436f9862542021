// The colours and sizes of every view: the design's tokens, once. A plot or a delegate asks for them when it paints and
// listens to ThemeNotifier for a change at run time.
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QString>

namespace quantscope::widgets {

struct Theme {
    bool dark = false;
    QColor window, panel, plot, line, grid, text, secondary, accent, selection;
    QColor original, scheme_a, scheme_b, scheme_c, scheme_d, scheme_e; ///< categorical, safe for colour blindness
    QColor clip, breakpoint;                                    ///< handles over histograms: scheme_a and scheme_b
    static constexpr int unit = 4, row_height = 24, radius = 6; ///< pixels

    /// The theme in force. GUI thread only.
    static const Theme& current();
    /// Categorical colour of model number i in tables, plots and columns: original, A, B, …
    QColor model_colour(int i) const;
    /// The same hue for the same layer role everywhere.
    QColor role_colour(const QString& role) const;
    /// Text in Inter and numbers in JetBrains Mono where they are installed, else the system's fonts.
    QFont text_font(int point_delta = 0) const, number_font(int point_delta = 0) const;
    QColor on_accent() const; ///< text and icons on the accent colour
};

void load_icons(); ///< makes the icons' files known; ThemeNotifier::apply does it, as its style sheet names some

/// viridis for magnitudes, a blue–white–orange diverging map centred on 0 for signed values; t in [0, 1].
QColor viridis(double t);
QColor diverging(double t);

enum class ThemeChoice { system, light, dark };

/// Sets palette and style sheet on the application and tells every view.
/// The style sheet knows these dynamic properties, to be set before a widget is shown:
///   QPushButton  primary=true   the screen's one primary button
///   QPushButton  chip=true      small rounded button below a view, checkable
///   QFrame       card=true      white (dark: grey) rounded panel with a one-pixel line
///   QFrame       dropArea=true  a dashed outline: files can be dropped here
///   QFrame       banner=quiet | loud   the same for words that must not be overlooked, loud in the accent's colours
///   QLabel       tone=secondary | section | heading   quiet text, a panel's small title, a view's title
class ThemeNotifier : public QObject {
    Q_OBJECT
public:
    static ThemeNotifier& instance();
    void apply(ThemeChoice choice);
    ThemeChoice choice() const { return choice_; }

Q_SIGNALS:
    void changed();

private:
    ThemeChoice choice_ = ThemeChoice::system;
};

enum class IconTone { text, accent, on_accent };

/// An icon of the breeze theme shipped inside the program (resources/icons/icons.txt lists them). It takes its colours
/// from the theme each time it is painted, so that it never has to be set again. Unknown names give an empty icon.
QIcon themed_icon(const QString& name, IconTone tone = IconTone::text);

} // namespace quantscope::widgets
