// The lower half of the Compare view: a prompt, and each ticked model's continuation of it side by side, with the
// original's text coloured by how far each model's predictions diverge from it.
#pragma once

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QWidget>

#include "widgets/compare/token_text.h"

namespace quantscope::widgets {

struct TextSettings {
    QString prompt;
    bool chat = false;
    int max_tokens = 48;
    double temperature = 0;
    quint64 seed = 0;

    QString sampling() const; ///< "greedy", or "temperature 0.8 · seed 3"
};

/// A few lines of text in which Return starts, and Shift+Return makes a new line.
class PromptEdit : public QPlainTextEdit {
    Q_OBJECT
public:
    using QPlainTextEdit::QPlainTextEdit;

Q_SIGNALS:
    void submitted();

protected:
    void keyPressEvent(QKeyEvent* event) override;
};

class TextPanel : public QWidget {
    Q_OBJECT
public:
    /// The candidates at a position of a column's text, most likely first.
    using Candidates = std::function<std::vector<studio::TokenCandidate>(std::size_t column, std::size_t position)>;

    explicit TextPanel(QWidget* parent = nullptr);

    TextSettings settings() const;
    void setSettings(const TextSettings& settings);
    void setHasChatTemplate(bool has);
    void setCandidates(Candidates candidates) { candidates_ = std::move(candidates); }
    /// \param can_start  a model is ticked and nothing is being written
    void setState(bool writing, bool can_start);

    struct Heading {
        QString name;
        int place = 0; ///< in the table, for the model's colour
    };
    /// A text that stands here: what was asked for, and what each model made of it.
    struct Run {
        TextSettings settings;
        std::vector<Heading> models;
        std::vector<studio::TextColumn> columns; ///< one a model; empty while they write and when they were stopped
        /// [column][position], the candidates of a text that was restored; those of another are asked for.
        std::vector<std::vector<std::vector<studio::TokenCandidate>>> candidates;
    };
    void begin(const std::vector<Heading>& models); ///< empty columns that fill as the models write; none: empty state
    void addPiece(int column, const QString& piece);
    void setColumns(const std::vector<studio::TextColumn>& columns);
    /// The text and, of its first positions, the candidates; without columns when no text is finished.
    Run run() const;
    void setRun(const Run& run);

Q_SIGNALS:
    void writeRequested();
    void stopRequested();

private:
    struct Column {
        TokenText* tokens;
        QLabel *written, *caption;
        QString text; ///< written so far
    };
    void begin(const std::vector<Heading>& models, const TextSettings& settings);
    QWidget* makeColumn(const Heading& model, int number, Column& column);
    void showWritten(const Column& column);
    std::vector<studio::TokenCandidate> candidatesAt(std::size_t column, std::size_t position) const;

    PromptEdit* prompt_;
    QComboBox* mode_;
    QSpinBox *length_, *seed_;
    QDoubleSpinBox* temperature_;
    QPushButton* write_;
    QLabel* empty_;
    QWidget *columns_box_, *legend_;
    QHBoxLayout* columns_layout_;
    std::vector<Column> columns_;
    Run shown_;
    Candidates candidates_;
    bool writing_ = false;
};

} // namespace quantscope::widgets
