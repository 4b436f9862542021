// The Compare view: a table of models with perplexity and divergence, size against quality, and the same text under
// each of them, token by token.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QTableView>
#include <QToolButton>
#include <QWidget>

#include "widgets/compare/compare_model.h"
#include "widgets/compare/quality_plot.h"
#include "widgets/compare/token_text.h"

namespace quantscope::widgets {

/// What the options above the table say.
struct CompareSettings {
    QString text; ///< empty: the shipped evaluation text
    int context = 512, max_tokens = 4096;
    bool llama_cpp_convention = false;
};

struct TextSettings {
    QString prompt;
    bool chat = false;
    int max_tokens = 64;
    double temperature = 0;
    quint64 seed = 0;
};

class CompareView : public QWidget {
    Q_OBJECT
public:
    using Presets = std::vector<std::pair<std::string, nlohmann::json>>;
    using Candidates = std::function<std::vector<studio::TokenCandidate>(std::size_t column, std::size_t position)>;

    explicit CompareView(QWidget* parent = nullptr);

    /// \param reason  why the model cannot be evaluated; everything is greyed out and says so
    void setAvailable(bool available, const QString& reason);
    void setHasChatTemplate(bool has);
    void setPresets(const Presets& presets);
    void setCurrentRecipe(const QString& name, const nlohmann::json& recipe);
    void clear(); ///< another model
    void setResult(const studio::CompareRow& row);
    void setBusy(bool evaluating, bool writing);
    void setCandidates(Candidates candidates) { candidates_ = std::move(candidates); }
    void beginText(const QStringList& names);
    void addPiece(int column, const QString& piece); ///< a piece of the text being generated
    void setTextColumns(const std::vector<studio::TextColumn>& columns);

    CompareSettings settings() const;
    TextSettings textSettings() const;
    std::vector<nlohmann::json> checkedRecipes() const; ///< the original first, as null
    std::vector<studio::CompareRow> results() const;    ///< that are not stale
    CompareModel& model() { return *model_; }

Q_SIGNALS:
    void evaluateRequested();
    void textRequested();

private:
    QWidget* makeOptions();
    QWidget* makeTable();
    QWidget* makePrompt();
    void addCandidate(const QString& name, const nlohmann::json& recipe);
    void updateState();
    void fitTable();
    QWidget* makeColumn(const QString& name, int place, TokenText*& text);

    CompareModel* model_;
    QTableView* table_;
    QualityPlot* plot_;
    QLabel *unavailable_, *options_summary_, *text_empty_;
    QComboBox *text_, *convention_, *mode_;
    QSpinBox *context_, *tokens_, *length_;
    QDoubleSpinBox* temperature_;
    QSpinBox* seed_;
    QPushButton *evaluate_, *write_;
    QToolButton *add_, *remove_;
    QLineEdit* prompt_;
    QWidget *body_, *columns_box_;
    QHBoxLayout* columns_;
    std::vector<TokenText*> texts_;
    std::vector<QString> streams_;
    Candidates candidates_;
    bool evaluating_ = false, writing_ = false;
};

} // namespace quantscope::widgets
