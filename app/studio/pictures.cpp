// Pictures of the window.
#include "app/studio/pictures.h"

#include <QDir>
#include <QFileInfo>
#include <QPixmap>
#include <QSaveFile>
#include <QToolBar>

#include "app/studio/main_window.h"
#include "widgets/theme.h"

namespace quantscope {

namespace {
constexpr int poll_milliseconds = 100, calm_polls = 4;
}

Pictures::Pictures(MainWindow* window, Wish wish)
    : QObject(window)
    , window_(window)
    , wish_(std::move(wish)) {
    connect(window_, &MainWindow::modelOpened, this, [this] { opened_ = true; });
    connect(window_, &MainWindow::openFailed, this, [this] { Q_EMIT finished(false); });
    connect(window_, &MainWindow::compared, this, [this] { compared_ = true; });
    connect(window_, &MainWindow::imagesSampled, this, [this] { sampled_ = true; });
    connect(window_, &MainWindow::textCompared, this, [this] { written_ = true; });
    plan();
    timer_.setInterval(poll_milliseconds);
    connect(&timer_, &QTimer::timeout, this, &Pictures::next);
    timer_.start();
}

void Pictures::add(std::function<void()> begin, std::function<bool()> ready) {
    steps_ << Step{std::move(begin), std::move(ready)};
}

void Pictures::addGrab(const QString& file, std::function<bool()> wanted) {
    add([this, file, wanted] {
        if (wanted && !wanted()) return;
        if (auto* bar = window_->findChild<QToolBar*>(QStringLiteral("jobBar"))) bar->hide(); // of what is over
        QDir().mkpath(QFileInfo(file).absolutePath());
        QSaveFile picture(file); // whole or not at all
        good_ =
            picture.open(QIODevice::WriteOnly) && window_->grab().save(&picture, "PNG") && picture.commit() && good_;
    });
}

void Pictures::plan() {
    add([] {}, [this] { return opened_; });
    if (!wish_.recipe.isEmpty())
        add([this] {
            if (QFileInfo::exists(wish_.recipe))
                window_->openRecipe(wish_.recipe);
            else
                window_->applyPreset(wish_.recipe);
        });
    if (!wish_.site.isEmpty()) add([this] { window_->selectLayers({wish_.site}); });
    const int view = int(MainWindow::viewNames().indexOf(wish_.view));
    if (view >= 0) add([this, view] { window_->showView(MainWindow::View(view)); });
    if (view == MainWindow::images_view && !wish_.grab.isEmpty()) addSampling();
    if (!wish_.folder.isEmpty()) planFolder();
    if (!wish_.grab.isEmpty()) addGrab(wish_.grab);
}

void Pictures::planFolder() {
    using widgets::ThemeChoice;
    add([this] { window_->resize(1280, 800); });
    add([this] { window_->quantize(); });
    const auto no_texts = [this] { return !window_->offers(MainWindow::compare_view); };
    add(
        [=, this] {
            if (!no_texts()) window_->compareAll();
        },
        [=, this] { return compared_ || no_texts(); });
    add(
        [=, this] {
            if (!no_texts()) window_->compareText();
        },
        [=, this] { return written_ || no_texts(); });
    addSampling();
    const std::pair<const char*, ThemeChoice> themes[] = {{"light", ThemeChoice::light}, {"dark", ThemeChoice::dark}};
    for (const auto& [theme, choice] : themes) {
        add([choice = choice] { widgets::ThemeNotifier::instance().apply(choice); });
        for (int view = 0; view < MainWindow::viewNames().size(); ++view) {
            add([this, view] { window_->showView(MainWindow::View(view)); });
            addGrab(
                QStringLiteral("%1/%2_%3.png").arg(wish_.folder, MainWindow::viewNames()[view], QLatin1String(theme)),
                [this, view] { return window_->offers(MainWindow::View(view)); });
        }
    }
}

/// Images from the original and the present recipe, where the model makes any.
void Pictures::addSampling() {
    const auto none = [this] { return !window_->offers(MainWindow::images_view); };
    add(
        [=, this] {
            if (!none()) window_->sampleAsAsked();
        },
        [=, this] { return sampled_ || none(); });
}

void Pictures::next() {
    if (begun_) {                                                                 // the step before has to come to rest
        const bool for_a_person = wish_.grab.isEmpty() && wish_.folder.isEmpty(); // who need not wait for the last job
        const bool ready = (!steps_.first().ready || steps_.first().ready()) && (for_a_person || window_->isIdle());
        calm_ = ready ? calm_ + 1 : 0;
        if (calm_ < calm_polls) return;
        steps_.removeFirst();
        begun_ = false;
        calm_ = 0;
    }
    if (steps_.isEmpty()) {
        timer_.stop();
        Q_EMIT finished(good_);
        return;
    }
    begun_ = true;
    steps_.first().begin();
}

} // namespace quantscope
