// The recipe as a document.
#include "app/studio/recipe_document.h"

#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <QUndoCommand>

#include "core/base/errors.h"

namespace quantscope {

namespace {
constexpr qint64 largest_recipe = 16'000'000; // bytes, the same limit as the recipe's reader
constexpr int drag_command = 1;
} // namespace

class RecipeChange : public QUndoCommand {
public:
    RecipeChange(RecipeDocument* document, nlohmann::json after, const QString& text, const QString& drag)
        : QUndoCommand(text)
        , document_(document)
        , before_(document->recipe_)
        , after_(std::move(after))
        , drag_(drag) {}

    void undo() override { document_->set(before_); }
    void redo() override { document_->set(after_); }
    int id() const override { return drag_.isEmpty() ? -1 : drag_command; }
    const QString& drag() const { return drag_; }
    bool mergeWith(const QUndoCommand* other) override {
        const auto* next = static_cast<const RecipeChange*>(other);
        if (next->drag_ != drag_) return false;
        after_ = next->after_;
        if (after_ == before_) setObsolete(true); // dragged there and back again
        return true;
    }

private:
    RecipeDocument* document_;
    nlohmann::json before_, after_;
    QString drag_;
};

/// Another recipe in the place of the present one, with its file.
class RecipeExchange : public QUndoCommand {
public:
    RecipeExchange(RecipeDocument* document, nlohmann::json after, const QString& path, const QString& text)
        : QUndoCommand(text)
        , document_(document)
        , before_{document->recipe_, document->beginning_, document->path_}
        , after_{after, after, path} {}

    void undo() override { take(before_); }
    void redo() override { take(after_); }

private:
    struct State {
        nlohmann::json recipe, beginning;
        QString path;
    };
    void take(const State& state) {
        document_->path_ = state.path;
        document_->beginning_ = state.beginning;
        document_->set(state.recipe);
        Q_EMIT document_->documentChanged();
    }

    RecipeDocument* document_;
    State before_, after_;
};

RecipeDocument::RecipeDocument(QObject* parent)
    : QObject(parent) {
    undo_.setUndoLimit(500);
}

bool RecipeDocument::isModified() const { return recipe_ != (path_.isEmpty() ? beginning_ : on_disk_.value(path_)); }

QString RecipeDocument::name() const {
    if (recipe_.contains("name") && recipe_["name"].is_string())
        return QString::fromStdString(recipe_["name"].get<std::string>());
    return path_.isEmpty() ? QStringLiteral("untitled") : QFileInfo(path_).completeBaseName();
}

void RecipeDocument::set(const nlohmann::json& recipe) {
    recipe_ = recipe;
    Q_EMIT changed();
}

void RecipeDocument::change(nlohmann::json recipe, const QString& text, const QString& drag, bool end_drag) {
    const QString key = drag.isEmpty() ? QString() : drag + QString::number(drag_count_);
    if (recipe != recipe_) undo_.push(new RecipeChange(this, std::move(recipe), text, key));
    if (end_drag) ++drag_count_;
}

void RecipeDocument::cancelDrag(const QString& drag) {
    const QUndoCommand* last = undo_.index() > 0 ? undo_.command(undo_.index() - 1) : nullptr;
    const auto* change = dynamic_cast<const RecipeChange*>(last);
    if (!change || drag.isEmpty() || change->drag() != drag + QString::number(drag_count_)) return;
    auto* dropped = const_cast<QUndoCommand*>(last);
    dropped->undo();
    dropped->setObsolete(true); // the stack lets go of it instead of offering it to redo
    undo_.undo();
    ++drag_count_;
}

void RecipeDocument::take(nlohmann::json recipe, const QString& path, const QString& text) {
    if (recipe == recipe_ && path == path_) return;
    undo_.push(new RecipeExchange(this, std::move(recipe), path, text));
}

void RecipeDocument::reset(nlohmann::json recipe, const QString& path, bool clean) {
    undo_.clear();
    path_ = path;
    beginning_ = clean ? recipe : nlohmann::json();
    on_disk_.clear();
    try {
        if (!path.isEmpty()) on_disk_[path] = read(path);
    } catch (const Error&) { // gone or no recipe any more: then there is something to save
    }
    set(recipe);
    Q_EMIT documentChanged();
}

void RecipeDocument::open(const QString& path) {
    nlohmann::json recipe = read(path);
    on_disk_[path] = recipe;
    take(std::move(recipe), path, QStringLiteral("open %1").arg(QFileInfo(path).fileName()));
    Q_EMIT documentChanged();
}

nlohmann::json RecipeDocument::read(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) throw IoError(path.toStdString(), {}, file.errorString().toStdString());
    if (file.size() > largest_recipe)
        throw FormatError(path.toStdString(), {}, "is larger than any recipe; choose a recipe's .json file");
    const QByteArray text = file.readAll();
    // Depth is bounded before parsing builds anything: a recipe nests no deeper than ten levels.
    int depth = 0;
    bool in_text = false;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_text) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_text = false;
        } else if (c == '"')
            in_text = true;
        else if (c == '{' || c == '[') {
            if (++depth > 32) throw FormatError(path.toStdString(), {}, "is nested too deeply to be a recipe");
        } else if (c == '}' || c == ']')
            --depth;
    }
    nlohmann::json recipe = nlohmann::json::parse(text.cbegin(), text.cend(), nullptr, false);
    if (recipe.is_discarded() || !recipe.is_object())
        throw FormatError(path.toStdString(), {}, "is not a recipe: it holds no JSON object");
    if (recipe.value("quantscope_recipe", nlohmann::json()) != 1)
        throw RecipeError(path.toStdString(), "quantscope_recipe", "must be 1; this version reads no other");
    return recipe;
}

void RecipeDocument::save(const QString& path) {
    QSaveFile file(path);
    const QByteArray text = QByteArray::fromStdString(recipe_.dump(2)) + '\n';
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit())
        throw IoError(path.toStdString(), {}, file.errorString().toStdString());
    path_ = path;
    on_disk_[path] = recipe_;
    Q_EMIT documentChanged();
}

} // namespace quantscope
