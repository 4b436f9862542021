// The recipe as a document: what is on disk, what has changed since, and every change undoable.
#pragma once

#include <QObject>
#include <QUndoStack>
#include <nlohmann/json.hpp>

namespace quantscope {

class RecipeDocument : public QObject {
    Q_OBJECT
public:
    explicit RecipeDocument(QObject* parent = nullptr);

    const nlohmann::json& recipe() const { return recipe_; }
    QUndoStack& undoStack() { return undo_; }
    QString path() const { return path_; } ///< empty until saved or opened
    QString name() const;                  ///< the recipe's own name, "untitled" without one
    bool isModified() const { return !undo_.isClean(); }

    /// Makes a change that can be undone. Nothing happens when the recipe stays the same.
    /// \param text       what the undo menu says: "set bits of 3 layers"
    /// \param drag       not empty: merges with the change before it when that belonged to the same drag
    /// \param end_drag   this is the drag's last change
    void change(nlohmann::json recipe, const QString& text, const QString& drag = {}, bool end_drag = true);
    /// Starts anew with a recipe that has no history.
    void reset(nlohmann::json recipe, const QString& path = {}, bool clean = true);

    /// Forgets the file: what comes next is another recipe, and saving it asks where.
    void detach();

    /// \throws IoError, FormatError, RecipeError naming the file
    void open(const QString& path);
    /// \throws IoError
    void save(const QString& path);

Q_SIGNALS:
    void changed();         ///< the recipe itself
    void documentChanged(); ///< name, path or whether it has unsaved changes

private:
    friend class RecipeChange;
    void set(const nlohmann::json& recipe);

    nlohmann::json recipe_;
    QUndoStack undo_;
    QString path_;
    quint64 drag_count_ = 0; ///< tells one drag from the next of the same handle
};

} // namespace quantscope
