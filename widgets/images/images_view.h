// The Images view: the same classes and seeds sampled by the original and by each quantized model, side by side. It
// shows snapshots and says what a person asks for; what samples and measures stands elsewhere.
#pragma once

#include <QLabel>
#include <QStackedWidget>
#include <QTableView>
#include <QWidget>

#include "widgets/images/adaptive_panes.h"
#include "widgets/images/image_controls.h"
#include "widgets/images/image_grid.h"
#include "widgets/images/image_summary_model.h"
#include "widgets/images/noise_error_plot.h"
#include "widgets/images/pair_panel.h"

namespace quantscope::widgets {

class ImagesView : public QWidget {
    Q_OBJECT
public:
    explicit ImagesView(QWidget* parent = nullptr);

    /// \param reason  why the model cannot be sampled; the controls are greyed out and say so
    void setAvailable(bool available, const QString& reason);
    void setClasses(const QStringList& names);                      ///< by class number; "" where one has no name
    void setModels(std::vector<studio::ImageCandidate> candidates); ///< what can be sampled beside the original
    void setBusy(bool busy);                                        ///< Generate becomes Stop
    /// A newer snapshot of the same rows and columns fills the cells in place: selection, zoom and divider stay.
    void setComparison(ComparisonSnapshot comparison);
    void clear() { setComparison(nullptr); } ///< another model
    const ComparisonSnapshot& comparison() const { return comparison_; }

    studio::ImageRequest request() const { return controls_->request(); }
    void setRequest(const studio::ImageRequest& request) { controls_->setRequest(request); }
    /// The controls, to be restored with the session. What does not fit is left out, as if it had not been remembered.
    nlohmann::json state() const;
    void restore(const nlohmann::json& state);
    void generate() { controls_->submit(); } ///< Ctrl+Return; while it samples, asks to stop
    void choose(int row, int column);        ///< opens this cell's pair
    void setPairMode(PairCanvas::Mode mode) { pair_->setMode(mode); }
    ImageGrid& grid() { return *grid_; }

Q_SIGNALS:
    void requested(const studio::ImageRequest& request);
    void stopRequested();

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    QWidget* makeEmpty();
    QWidget* makeGrid();
    QWidget* makeTable();
    void showPair(int row, int column);
    void openPair(int row, int column, bool by_keyboard);
    void stepPair(int rows, int columns);
    void updateCaption();
    void updateEmpty();

    ImageControls* controls_;
    ImageGrid* grid_;
    PairPanel* pair_;
    NoiseErrorPlot* plot_;
    ImageSummaryModel* summary_;
    QTableView* table_;
    AdaptivePanes* panes_;
    QStackedWidget* body_;
    QLabel *unavailable_, *remark_, *caption_, *empty_text_;
    QPushButton* empty_generate_;
    ComparisonSnapshot comparison_;
    int pair_column_ = 1; ///< the last model chosen: the original's cell is held against it
    bool available_ = true, busy_ = false;
};

} // namespace quantscope::widgets
