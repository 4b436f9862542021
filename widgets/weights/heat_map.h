// |W| as a picture, from the whole matrix down to single weights, with the exact weight under the cursor.
#pragma once

#include <QElapsedTimer>
#include <QImage>
#include <QTimer>
#include <optional>

#include "core/studio/views.h"
#include "widgets/plots/latest_task.h"
#include "widgets/plots/plot.h"
#include "widgets/weights/weight_provider.h"

namespace quantscope::widgets {

class HeatMap : public Plot {
    Q_OBJECT
public:
    explicit HeatMap(QWidget* parent = nullptr);

    /// Shows a layer; asks the provider for pictures on a worker thread. With no provider only set_tile() fills it.
    void set_layer(std::shared_ptr<const WeightProvider> provider, std::shared_ptr<const studio::WeightView> view);
    /// The picture of a part of the weight; the newest lies over an earlier one of the whole.
    void set_tile(const studio::WeightTile& tile);
    void set_maximum(bool maximum);              ///< pooled by maximum, so that no outlier vanishes; else by mean
    void set_full_scale(bool full);              ///< colours up to the largest weight; else up to a few σ
    void show_weight(qint64 row, qint64 column); ///< goes near and marks it
    /// What the colours' upper end stands for.
    double scale_end() const;
    std::optional<std::pair<qint64, qint64>> marked() const { return marked_; }

Q_SIGNALS:
    void failed(const QString& message);

protected:
    void restyle() override;
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    struct Picture {
        studio::WeightTile tile;
        QImage image;
    };
    void ask(); ///< for the visible part, once the event loop is idle
    void request_tile();
    void request_weight(qint64 row, qint64 column);
    void paint_image(Picture& picture) const;
    void recolour();
    void update_scale();
    void draw(QCPPainter* painter) const;
    void draw_picture(QCPPainter* painter, const Picture& picture) const;
    void draw_mark(QCPPainter* painter) const;
    void tell_weight(qint64 row, qint64 column, std::optional<float> weight);

    std::shared_ptr<const WeightProvider> provider_;
    std::shared_ptr<const studio::WeightView> view_;
    std::optional<Picture> whole_, part_;
    QCPColorScale* scale_;
    LatestTask tiles_, weights_;
    QTimer ask_soon_;
    bool maximum_ = true, full_scale_ = false;
    std::optional<std::pair<qint64, qint64>> marked_, hovered_;
};

} // namespace quantscope::widgets
