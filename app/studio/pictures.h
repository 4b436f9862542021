// Pictures of the window for README and help: waits until everything is drawn, saves, quits.
#pragma once

#include <QObject>
#include <QString>
#include <QStringList>
#include <QTimer>
#include <functional>

namespace quantscope {

class MainWindow;

class Pictures : public QObject {
    Q_OBJECT
public:
    struct Wish {
        QString view;   ///< one of MainWindow::viewNames(); empty: as it is
        QString site;   ///< layer to select; empty: as it is
        QString recipe; ///< preset or recipe file; empty: as it is
        QString grab;   ///< one picture's file
        QString folder; ///< a folder for pictures of all views, light and dark
    };
    Pictures(MainWindow* window, Wish wish);

Q_SIGNALS:
    void finished(bool saved);

private:
    struct Step {
        std::function<void()> begin;
        std::function<bool()> ready;
    };
    void plan();
    void planFolder();
    void next();
    void add(std::function<void()> begin, std::function<bool()> ready = {});
    /// \param wanted  asked when its turn comes; may be empty
    void addGrab(const QString& file, std::function<bool()> wanted = {});
    void addSampling();

    MainWindow* window_;
    Wish wish_;
    QList<Step> steps_;
    QTimer timer_;
    int calm_ = 0; ///< polls in a row without work
    bool begun_ = false, good_ = true, opened_ = false, compared_ = false, written_ = false, sampled_ = false;
};

} // namespace quantscope
