// The Compare view: a table of models with perplexity and divergence, size against quality, and the same text under
// each of them, token by token.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QTableView>
#include <QWidget>
#include <nlohmann/json.hpp>

#include "widgets/compare/compare_model.h"
#include "widgets/compare/quality_plot.h"
#include "widgets/compare/text_panel.h"

namespace quantscope::widgets {

/// What the options above the table say.
struct CompareSettings {
    QString text; ///< empty: the shipped evaluation text
    int context = 512, max_tokens = 4096;
    bool llama_cpp_convention = false;

    bool operator==(const CompareSettings&) const = default;
};

/// A finished measurement; each one is a point of the plot, also when its recipe has left the table.
struct CompareRun {
    CompareSettings settings;
    studio::CompareRow row;
};

class CompareView : public QWidget {
    Q_OBJECT
public:
    using Presets = std::vector<std::pair<std::string, nlohmann::json>>;

    explicit CompareView(QWidget* parent = nullptr);

    /// \param reason  why the model cannot be evaluated; everything is greyed out and says so
    void setAvailable(bool available, const QString& reason);
    void setHasChatTemplate(bool has);
    void setPresets(const Presets& presets);
    void setCurrentRecipe(const QString& name, const nlohmann::json& recipe);
    void clear(); ///< another model
    void setResult(const studio::CompareRow& row);
    void setBusy(bool evaluating, bool writing);
    void setCandidates(TextPanel::Candidates candidates) { text_panel_->setCandidates(std::move(candidates)); }
    void beginText();                                ///< a column for each of checkedRecipes()
    void addPiece(int column, const QString& piece); ///< a piece of the text being generated
    void setTextColumns(const std::vector<studio::TextColumn>& columns);

    CompareSettings settings() const;
    TextSettings textSettings() const;
    std::vector<nlohmann::json> checkedRecipes() const; ///< the original first, as null
    std::vector<studio::CompareRow> results() const;    ///< that are not stale
    CompareModel& model() { return *model_; }

    /// Table, finished runs, options, prompt and the models' texts, to be restored with the session. In
    /// compare_session.cpp, so that the view links without core.
    nlohmann::json state() const;
    void restore(const nlohmann::json& state);

Q_SIGNALS:
    void evaluateRequested();
    void stopEvaluateRequested();
    void textRequested();
    void stopTextRequested();

private:
    QWidget* makeOptions();
    QWidget* makeTable();
    QWidget* makeButtons();
    void restoreTexts(const nlohmann::json& state);
    void chooseText(int index);
    void showText(const QString& path);
    void addCandidate(const QString& name, const nlohmann::json& recipe);
    void takeBack(int point);
    const CompareRun* findRun(const nlohmann::json& recipe) const; ///< under the present options; null: there is none
    void refreshResults(); ///< shows what is known under the present options, and marks the rest
    void updateState();
    void updatePlot();
    void fitTable();

    CompareModel* model_;
    QTableView* table_;
    QualityPlot* plot_;
    TextPanel* text_panel_;
    QLabel *unavailable_, *options_summary_;
    QComboBox *text_, *convention_;
    QSpinBox *context_, *tokens_;
    QPushButton *evaluate_, *add_, *remove_;
    QWidget* body_;
    std::vector<CompareRun> runs_;           ///< latest last
    std::vector<const CompareRun*> earlier_; ///< the plot's last points: runs that are not in the table
    bool evaluating_ = false, writing_ = false;
};

} // namespace quantscope::widgets
