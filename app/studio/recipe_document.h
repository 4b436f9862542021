// The recipe as a document: what is on disk, what has changed since, and every change undoable.
#pragma once

#include <QHash>
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
    /// The recipe differs from its file, or, without one, from the preset or recipe it began as.
    bool isModified() const;

    /// Makes a change that can be undone. Nothing happens when the recipe stays the same.
    /// \param text       what the undo menu says: "set bits of 3 layers"
    /// \param drag       not empty: merges with the change before it when that belonged to the same drag
    /// \param end_drag   this is the drag's last change
    void change(nlohmann::json recipe, const QString& text, const QString& drag = {}, bool end_drag = true);
    /// Takes the last change back for good when it belongs to the drag that is not finished yet.
    void cancelDrag(const QString& drag);
    /// Takes another recipe instead of the present one, which undo brings back with its file.
    /// \param path  its file; empty: it has none, and saving asks where
    void take(nlohmann::json recipe, const QString& path, const QString& text);
    /// Starts anew with a recipe that has no history. With a path, the file decides what has changed since.
    /// \param clean  without a path: nothing has been changed yet
    void reset(nlohmann::json recipe, const QString& path = {}, bool clean = true);

    /// Takes a file's recipe; can be undone. \throws IoError, FormatError, RecipeError naming the file
    void open(const QString& path);
    /// \throws IoError
    void save(const QString& path);

Q_SIGNALS:
    void changed();         ///< the recipe itself
    void documentChanged(); ///< name, path or whether it has unsaved changes

private:
    friend class RecipeChange;
    friend class RecipeExchange;
    void set(const nlohmann::json& recipe);
    static nlohmann::json read(const QString& path);

    nlohmann::json recipe_;
    QUndoStack undo_;
    QString path_;
    nlohmann::json beginning_;               ///< what a recipe without a file began as
    QHash<QString, nlohmann::json> on_disk_; ///< what each file is known to hold
    quint64 drag_count_ = 0;                 ///< tells one drag from the next of the same handle
};

} // namespace quantscope
