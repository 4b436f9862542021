// quantscope: the studio's program. Shows its window first, opens what it was given after that.
#include <QApplication>
#include <QCommandLineParser>
#include <QSettings>
#include <QTimer>

#include "app/studio/main_window.h"
#include "app/studio/pictures.h"
#include "widgets/theme.h"

int main(int argument_count, char** arguments) {
    using namespace quantscope;
    QApplication application(argument_count, arguments);
    QApplication::setApplicationName(QStringLiteral("quantscope"));
    QApplication::setOrganizationName(QStringLiteral("quantscope"));
    QApplication::setApplicationDisplayName(QStringLiteral("Quantscope"));
    QApplication::setApplicationVersion(QStringLiteral(QUANTSCOPE_VERSION));

    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Decide how a neural network gets small."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("model"), QStringLiteral("model file or folder to open"),
                                 QStringLiteral("[model]"));
    const auto option = [&parser](const char* name, const char* help, const char* value) {
        parser.addOption({QLatin1String(name), QLatin1String(help), QLatin1String(value)});
    };
    option("view", "show this view: overview, weights, compare or images", "view");
    option("site", "select this layer", "name");
    option("recipe", "take this preset or recipe file", "recipe");
    option("grab", "wait until all is drawn, save a picture of the window, quit", "file.png");
    option("pictures", "quantize, compare, save a picture of every view in light and dark, quit", "folder");
    parser.process(application);

    const QString theme = QSettings().value(QStringLiteral("theme")).toString();
    using widgets::ThemeChoice;
    auto& notifier = widgets::ThemeNotifier::instance();
    notifier.apply(theme == u"light" ? ThemeChoice::light : theme == u"dark" ? ThemeChoice::dark : ThemeChoice::system);
    QObject::connect(&notifier, &widgets::ThemeNotifier::changed, [&notifier] {
        const char* const names[] = {"system", "light", "dark"};
        QSettings().setValue(QStringLiteral("theme"), QLatin1String(names[int(notifier.choice())]));
    });

    MainWindow window;
    window.show();
    const QStringList models = parser.positionalArguments();
    const Pictures::Wish wish{parser.value(QStringLiteral("view")), parser.value(QStringLiteral("site")),
                              parser.value(QStringLiteral("recipe")), parser.value(QStringLiteral("grab")),
                              parser.value(QStringLiteral("pictures"))};
    const bool takes_pictures = !wish.grab.isEmpty() || !wish.folder.isEmpty();
    if (takes_pictures || !wish.view.isEmpty() || !wish.site.isEmpty() || !wish.recipe.isEmpty()) {
        auto* pictures = new Pictures(&window, wish);
        if (takes_pictures)
            QObject::connect(pictures, &Pictures::finished, &window,
                             [](bool saved) { QApplication::exit(saved ? 0 : 1); });
    }
    QTimer::singleShot(0, &window, [&window, models] {
        if (models.isEmpty())
            window.restoreLast();
        else
            window.open(models.first());
    });
    return QApplication::exec();
}
