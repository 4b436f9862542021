// The studio's window: connects the views to the session, and every change to the recipe's undo stack. Its parts lie in
// files by concern: _layout (panels), _actions (menus, keys), _model (opening, restoring), _recipe (schemes), _estimate
// (their effects), _work (quantizing, comparing, exporting), _images (sampling).
#pragma once

#include <QElapsedTimer>
#include <QHash>
#include <QLabel>
#include <QMainWindow>
#include <QTimer>
#include <functional>
#include <memory>
#include <optional>

#include "app/studio/job_runner.h"
#include "app/studio/recipe_document.h"
#include "core/studio/session.h"
#include "widgets/plots/latest_task.h"

class QAction;
class QDockWidget;
class QMenu;
class QStackedWidget;
class QTabWidget;
class QToolButton;

namespace quantscope {

class MessageBar;
class Welcome;
namespace widgets {
class CompareView;
class ElidedLabel;
class ImagesView;
class JobLine;
class JobsPanel;
class LayerTree;
class OverviewView;
class SchemeInspector;
class WeightsView;
} // namespace widgets

class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    enum View { overview_view, weights_view, compare_view, images_view };
    static QStringList viewNames(); ///< as the command line spells them, in the views' order
    bool offers(View view) const;   ///< whether a view has something to show for the open model

    explicit MainWindow(QWidget* parent = nullptr);
    ~MainWindow() override;

    /// Opens a model, or a recipe when the path ends in .json and a model is open. Returns at once.
    void open(const QString& path);
    void openRecipe(const QString& path);
    /// Restores the last session's model, when there was one.
    void restoreLast();
    void setDefaultModel(const QString& path);

    std::shared_ptr<studio::Session> session() const { return session_; }
    RecipeDocument& document() { return document_; }
    JobRunner& jobs() { return jobs_; }
    void showView(View view);
    void selectLayers(const QStringList& layers);
    void applyPreset(const QString& name);
    void quantize();
    void compareAll();   ///< perplexity of the original and of what is ticked
    void compareText();  ///< the ticked models continue the prompt
    void sampleAsAsked(); ///< as the Images view's controls ask for
    void sampleImages(const studio::ImageRequest& request);
    void exportTo(const QString& format, const QString& target);
    void exportReport(const QString& target);
    /// Nothing runs and nothing waits to be drawn; for pictures and tests.
    bool isIdle() const;

Q_SIGNALS:
    void modelOpened();
    void openFailed(const QString& message);
    void quantized();
    void compared();
    void textCompared();
    void imagesSampled();
    void exported(const QString& target);

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    // _layout
    void buildViews();
    void buildDocks();
    void buildStatus();
    void connectViews();
    // _actions
    void buildActions();
    void buildMenus();
    void buildToolBar();
    QAction* addAction(const QString& name, const QString& text, const char* icon, const QKeySequence& keys,
                       const QString& tip, std::function<void()> run);
    void updateActions();
    void fillRecent();
    void showAbout();
    void showShortcuts();
    // _model
    void askForFile();
    void askForFolder();
    void setSession(std::shared_ptr<studio::Session> session);
    void closeModel();
    void measureAll();
    void saveSession() const;
    nlohmann::json savedSession(const QString& path) const;
    void rememberRecent(const QString& path);
    bool mayDropChanges(); ///< asks to save an unsaved recipe
    // _recipe
    void recipeChanged();
    void selectionChanged(const QStringList& layers, const QString& current);
    void showSchemes();
    void plan();
    void estimateCurrent();
    void estimateSelection(); ///< the totals of several layers
    void showEffect(const studio::Estimate& present, const studio::Estimate& plain, const QString& name);
    void estimateAll();
    void fitCurrent();
    nlohmann::json schemeOf(const QString& layer) const;
    void editMember(const QString& choice, const QString& member);
    void editParameter(const QString& choice, const QString& member, const QString& parameter,
                       const nlohmann::json& value, bool finished);
    void dragClip(const QString& layer, double low, double high, bool finished);
    void dragBreakpoint(const QString& layer, double breakpoint, bool finished);
    void cancelDrag(const QString& layer);
    QString layersText() const; ///< "3 layers", for undo texts
    void openRecipeDialog();
    bool saveRecipe(bool ask);
    // _work
    void exportModelDialog();
    void exportReportDialog();
    void showJob(const widgets::JobState& job);
    void showTotals();
    // _images
    void connectImages();
    void offerModels(); ///< the present recipe and the presets, to be sampled beside the original
    void fillPresets(); ///< those of the open model's kind

    std::shared_ptr<studio::Session> session_;
    RecipeDocument document_;
    QString opening_, current_;
    QStringList selection_;
    studio::Totals totals_;
    QHash<QString, studio::LayerMeasures> measures_;
    studio::Estimate estimate_;                  ///< of the current layer
    std::optional<studio::Estimate> full_range_; ///< of the current layer, were nothing clipped
    std::vector<nlohmann::json> schemes_;        ///< of the selected layers
    bool dragging_ = false;                      ///< a handle is held
    bool total_is_exact_ = false;                ///< of several selected layers, as it is shown

    QStackedWidget* stack_ = nullptr;
    QTabWidget* views_ = nullptr;
    Welcome* welcome_ = nullptr;
    MessageBar* message_ = nullptr;
    widgets::LayerTree* tree_ = nullptr;
    widgets::SchemeInspector* inspector_ = nullptr;
    widgets::WeightsView* weights_ = nullptr;
    widgets::OverviewView* overview_ = nullptr;
    widgets::CompareView* compare_ = nullptr;
    widgets::ImagesView* images_ = nullptr;
    widgets::JobsPanel* jobs_panel_ = nullptr;
    widgets::JobLine* job_line_ = nullptr;
    QDockWidget *layers_dock_ = nullptr, *scheme_dock_ = nullptr, *jobs_dock_ = nullptr;
    widgets::ElidedLabel* model_label_ = nullptr;
    QLabel* totals_label_ = nullptr;
    QHash<QString, QAction*> actions_;
    QMenu *recent_menu_ = nullptr, *preset_menu_ = nullptr;

    QTimer estimate_timer_, fit_timer_, save_timer_;
    quint64 estimate_job_ = 0, measure_job_ = 0, open_job_ = 0;
    quint64 compare_job_ = 0, write_job_ = 0; ///< at work in the Compare view
    quint64 images_job_ = 0;
    // Last, so that they stop before what their work uses goes.
    widgets::LatestTask plan_task_, estimate_task_, fit_task_, selection_task_;
    JobRunner jobs_;
};

} // namespace quantscope
