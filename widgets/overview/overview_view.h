// The Overview: all layers by one measure, size against error, and the model's totals under the recipe.
#pragma once

#include <QHash>
#include <QString>
#include <QWidget>
#include <memory>
#include <vector>

#include "core/studio/views.h"

class QBoxLayout;
class QComboBox;
class QLabel;

namespace quantscope::studio {
class Session;
}

namespace quantscope::widgets {

class LayerMap;
class SizeErrorPlot;

class OverviewView : public QWidget {
    Q_OBJECT
public:
    explicit OverviewView(QWidget* parent = nullptr);

    void set_session(std::shared_ptr<studio::Session> session); ///< null: no model is open
    /// The same from plain structs.
    void set_model(const studio::ModelCard& card, const std::vector<studio::LayerRow>& layers);
    void set_measures(const QHash<QString, studio::LayerMeasures>& measures);
    void set_measure(const QString& layer, const studio::LayerMeasures& measures);
    void set_totals(const studio::Totals& totals);
    void select_layer(const QString& layer); ///< marks it; tells nobody

    LayerMap* map() const { return map_; }
    SizeErrorPlot* size_error() const { return size_error_; }

Q_SIGNALS:
    void layer_activated(const QString& layer);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* make_map();
    QWidget* make_totals();
    QWidget* make_size_error();

    QBoxLayout* parts_ = nullptr; ///< the map beside the rest; above it where there is no room
    QWidget *map_card_ = nullptr, *size_error_card_ = nullptr;
    LayerMap* map_ = nullptr;
    SizeErrorPlot* size_error_ = nullptr;
    QComboBox* measure_ = nullptr;
    QLabel *heading_ = nullptr, *facts_ = nullptr;
    QHash<QString, QLabel*> totals_;
};

} // namespace quantscope::widgets
