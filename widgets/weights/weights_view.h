// The Weights view: a layer's histogram with its grid, bands per channel, heat map, error curves and outliers.
#pragma once

#include <QString>
#include <QTimer>
#include <QWidget>
#include <memory>
#include <optional>

#include "core/studio/views.h"
#include "widgets/plots/latest_task.h"
#include "widgets/weights/weight_provider.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QComboBox;
class QScrollArea;
class QTableView;

namespace quantscope::widgets {

class ElidedLabel;
class HistogramPlot;
class BandsPlot;
class HeatMap;
class ErrorPanel;
class OutlierModel;

class WeightsView : public QWidget {
    Q_OBJECT
public:
    explicit WeightsView(QWidget* parent = nullptr);
    ~WeightsView() override;

    void set_session(std::shared_ptr<studio::Session> session); ///< null: no model is open
    /// Where layers come from; set_session makes one from the session.
    void set_provider(std::shared_ptr<const WeightProvider> provider);

    /// Asks for a layer on a worker thread and shows it when it is there; at once when it is cached.
    void show_layer(const QString& name);
    /// Shows a finished snapshot; null empties the view.
    void set_view(std::shared_ptr<const studio::WeightView> view);
    /// Levels, breakpoints and clip range over the histogram, and the error curves. Kept for the layer on its way.
    void set_estimate(const QString& layer, const studio::Estimate& estimate);
    /// Before and after; kept for the layer on its way.
    void set_fit(const QString& layer, std::shared_ptr<const studio::FitView> fit);
    QString layer() const { return layer_; }

    HistogramPlot* histogram() const { return histogram_; }
    BandsPlot* bands() const { return bands_; }
    HeatMap* heat_map() const { return heat_map_; }
    ErrorPanel* errors() const { return errors_; }

    /// Shows the histogram before or after quantization (Space).
    void toggle_after();

    enum class Card { histogram, channels, heat_map, error, outliers };
    void set_card_visible(Card card, bool visible);

Q_SIGNALS:
    void clip_dragged(const QString& layer, double low, double high, bool finished);
    void breakpoint_dragged(const QString& layer, double breakpoint, bool finished);
    void drag_cancelled(const QString& layer); ///< Esc: what the drag has told shall not have been
    void channel_selected(const QString& layer, bool output, qint64 channel); ///< −1: none any more
    void drawn(const QString& layer); ///< a layer's data has been handed to every visible plot
    void failed(const QString& message);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void build();
    QWidget* make_card(QWidget* content, const char* name);
    QWidget* make_outliers();
    QWidget* make_heat_map();
    QWidget* make_header();
    QWidget* make_chips();
    QPushButton* make_chip(const QString& text, const QString& tip, const char* name, bool checked);
    void connect_parts();
    void describe();
    void apply_estimate();
    void apply_fit();
    void set_output(bool output);
    void isolate(bool output, qint64 channel);
    void show_outlier(int row);
    void show_skeleton();

    std::shared_ptr<const WeightProvider> provider_;
    std::shared_ptr<const studio::WeightView> view_;
    std::optional<std::pair<QString, studio::Estimate>> estimate_;
    std::shared_ptr<const studio::FitView> fit_;
    QString layer_, fit_layer_;
    LatestTask layers_, channel_;
    QTimer slow_;

    HistogramPlot* histogram_ = nullptr;
    BandsPlot* bands_ = nullptr;
    HeatMap* heat_map_ = nullptr;
    ErrorPanel* errors_ = nullptr;
    OutlierModel* outlier_model_ = nullptr;
    QTableView* outliers_ = nullptr;
    ElidedLabel *heading_ = nullptr, *facts_ = nullptr;
    QLabel *more_facts_ = nullptr, *message_ = nullptr, *outlier_caption_ = nullptr;
    QLabel* nothing_ = nullptr; ///< stands where every card is hidden
    QProgressBar* busy_ = nullptr;
    QScrollArea* scroll_ = nullptr;
    QWidget *cards_[5] = {}, *places_ = nullptr;
    QPushButton* chips_[5] = {};
    QPushButton *logarithmic_ = nullptr, *range_ = nullptr, *after_ = nullptr, *axis_ = nullptr;
    QComboBox *pooling_ = nullptr, *colours_ = nullptr;
};

} // namespace quantscope::widgets
