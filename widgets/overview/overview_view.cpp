// The Overview: all layers by one measure, size against error, and the model's totals under the recipe.
#include "widgets/overview/overview_view.h"

#include <QComboBox>
#include <QFrame>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QResizeEvent>
#include <QScrollArea>
#include <QVBoxLayout>
#include <cmath>

#include "widgets/elided_label.h"
#include "widgets/number_text.h"
#include "widgets/overview/layer_map.h"
#include "widgets/overview/size_error_plot.h"
#include "widgets/theme.h"

namespace quantscope::widgets {
namespace {

QFrame* card(QWidget* parent, const char* name) {
    auto* frame = new QFrame(parent);
    frame->setObjectName(QLatin1String(name));
    frame->setProperty("card", true);
    return frame;
}

QLabel* label(const QString& text, const char* tone, QWidget* parent) {
    auto* one = new QLabel(text, parent);
    one->setTextFormat(Qt::PlainText);
    if (tone) one->setProperty("tone", tone);
    return one;
}

} // namespace

OverviewView::OverviewView(QWidget* parent)
    : QWidget(parent) {
    setObjectName(QStringLiteral("overview_view"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 10, 12, 10);
    layout->setSpacing(2 * Theme::unit);
    auto* header = new QHBoxLayout;
    header->setSpacing(10);
    heading_ = new ElidedLabel({}, this); // a name from a file must not widen the window
    heading_->setProperty("tone", "heading");
    heading_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
    heading_->setObjectName(QStringLiteral("overview_heading"));
    auto* facts = new ElidedLabel({}, this);
    facts->setElideMode(Qt::ElideRight);
    facts->setProperty("tone", "secondary");
    facts->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    facts_ = facts;
    facts_->setObjectName(QStringLiteral("overview_facts"));
    header->addWidget(heading_);
    header->addWidget(facts_, 1);
    layout->addLayout(header);
    auto* body = new QWidget;
    parts_ = new QBoxLayout(QBoxLayout::LeftToRight, body);
    parts_->setContentsMargins(0, 0, 0, 0);
    parts_->setSpacing(2 * Theme::unit);
    parts_->addWidget(map_card_ = make_map(), 3);
    auto* right = new QVBoxLayout;
    right->setSpacing(2 * Theme::unit);
    right->addWidget(make_totals());
    right->addWidget(size_error_card_ = make_size_error(), 1);
    parts_->addLayout(right, 2);
    auto* scroll = new QScrollArea;
    scroll->setObjectName(QStringLiteral("overview_scroll"));
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(body);
    layout->addWidget(scroll, 1);
    connect(map_, &LayerMap::layer_activated, this, [this](const QString& layer) {
        size_error_->select_layer(layer);
        Q_EMIT layer_activated(layer);
    });
    connect(size_error_, &SizeErrorPlot::layer_activated, this, [this](const QString& layer) {
        map_->select_layer(layer);
        Q_EMIT layer_activated(layer);
    });
    set_model({}, {});
}

/// Side by side the parts share the height; one above the other each takes what it needs, and the view scrolls.
void OverviewView::resizeEvent(QResizeEvent* event) {
    constexpr int least_width_beside = 560, map_height = 520, plot_height = 280;
    const bool beside = event->size().width() >= least_width_beside;
    parts_->setDirection(beside ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    map_card_->setMinimumHeight(beside ? 0 : map_height);
    size_error_card_->setMinimumHeight(beside ? 0 : plot_height);
    QWidget::resizeEvent(event);
}

QWidget* OverviewView::make_size_error() {
    auto* frame = card(this, "size_error_card");
    auto* inside = new QVBoxLayout(frame);
    inside->setContentsMargins(4, 4, 4, 4);
    size_error_ = new SizeErrorPlot(frame);
    inside->addWidget(size_error_);
    return frame;
}

QWidget* OverviewView::make_map() {
    auto* frame = card(this, "layer_map_card");
    auto* layout = new QVBoxLayout(frame);
    layout->setContentsMargins(4, 8, 4, 4);
    layout->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(8, 0, 8, 0);
    row->setSpacing(2 * Theme::unit);
    measure_ = new QComboBox(frame);
    measure_->setObjectName(QStringLiteral("overview_measure"));
    measure_->setAccessibleName(tr("Measure that colours the layers"));
    for (const auto& measure : measures()) {
        measure_->addItem(tr(measure.label), QLatin1String(measure.key));
        measure_->setItemData(measure_->count() - 1, tr(measure.help), Qt::ToolTipRole);
    }
    measure_->setMinimumContentsLength(14);
    measure_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    auto* text = label(tr("Colour by"), "secondary", frame);
    text->setBuddy(measure_);
    row->addWidget(text);
    row->addWidget(measure_);
    row->addStretch(1);
    layout->addLayout(row);
    map_ = new LayerMap(frame);
    layout->addWidget(map_, 1);
    const auto show = [this](int i) {
        map_->show_measure(measures()[std::size_t(i)]);
        measure_->setToolTip(tr(measures()[std::size_t(i)].help));
    };
    connect(measure_, &QComboBox::currentIndexChanged, this, show);
    show(0);
    return frame;
}

QWidget* OverviewView::make_totals() {
    auto* frame = card(this, "totals_card");
    auto* grid = new QGridLayout(frame);
    grid->setContentsMargins(12, 8, 12, 8);
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(4);
    grid->addWidget(label(tr("UNDER THE RECIPE"), "section", frame), 0, 0, 1, 2);
    const std::tuple<const char*, QString, QString> rows[] = {
        {"size", tr("size"), tr("The file as it is, and everything in the packed file under the recipe")},
        {"ratio", tr("of float32"),
         tr("Packed size ÷ the size of all parameters at 32 bits. A block-quantized "
            "original, such as Q4_1, can be smaller than a packed file that keeps the "
            "embedding at 16 bits")},
        {"bits", tr("quantized layers"), tr("Mean bits per weight of the layers that the recipe quantizes")},
        {"bits_total", tr("whole model"), tr("Mean bits per weight over all parameters")},
        {"error", tr("mean relative error"), tr("Mean of ‖W−Ŵ‖/‖W‖ over quantized layers, estimated or exact")},
        {"layers", tr("layers quantized"), tr("How many layers the recipe quantizes")},
    };
    int row = 1;
    for (const auto& [key, text, tip] : rows) {
        auto* name = label(text, "secondary", frame);
        auto* value = label(not_known, nullptr, frame);
        value->setObjectName(QStringLiteral("total_%1").arg(QLatin1String(key)));
        value->setAccessibleName(text);
        value->setFont(Theme::current().number_font());
        value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        for (QLabel* one : {name, value})
            one->setToolTip(tip);
        grid->addWidget(name, row, 0);
        grid->addWidget(value, row++, 1);
        totals_.insert(QLatin1String(key), value);
    }
    grid->setColumnStretch(1, 1);
    return frame;
}

void OverviewView::set_model(const studio::ModelCard& card, const std::vector<studio::LayerRow>& layers) {
    map_->set_layers(layers);
    size_error_->set_layers(layers);
    set_totals({});
    if (layers.empty()) {
        heading_->setText(tr("No model is open"));
        facts_->setText(tr("open one to see all of its layers at once"));
        return;
    }
    heading_->setText(QString::fromStdString(card.name));
    QStringList facts{QString::fromStdString(card.format),
                      QString::fromStdString(card.family),
                      tr("%1 parameters").arg(count_text(double(card.parameters))),
                      size_text(double(card.file_bytes)),
                      card.blocks ? tr("%1 blocks").arg(card.blocks) : QString(),
                      tr("%1 layers").arg(layers.size())};
    facts.removeAll(QString());
    facts_->setText(facts.join(QStringLiteral(" · ")));
}

void OverviewView::set_measures(const QHash<QString, studio::LayerMeasures>& measures) {
    map_->set_measures(measures);
    size_error_->set_measures(measures);
}

void OverviewView::set_measure(const QString& layer, const studio::LayerMeasures& measures) {
    map_->set_measure(layer, measures);
    size_error_->set_measure(layer, measures);
}

void OverviewView::set_totals(const studio::Totals& totals) {
    const bool known = totals.original_bytes > 0;
    const auto bits = [](double value) {
        return std::isfinite(value) ? fixed_text(value, 2) + tr(" bits/weight") : not_known;
    };
    totals_["size"]->setText(
        known ? tr("%1 → %2").arg(size_text(double(totals.original_bytes)), size_text(double(totals.quantized_bytes)))
              : not_known);
    totals_["ratio"]->setText(
        totals.float32_bytes > 0 ? tr("%1 of %2")
                                       .arg(percent_text(double(totals.quantized_bytes) / double(totals.float32_bytes)),
                                            size_text(double(totals.float32_bytes)))
                                 : not_known);
    totals_["bits"]->setText(bits(totals.bits_per_weight));
    totals_["bits_total"]->setText(bits(totals.bits_per_weight_total));
    totals_["error"]->setText(percent_text(totals.mean_relative_error));
    totals_["layers"]->setText(totals.layers ? tr("%1 of %2").arg(totals.quantized_layers).arg(totals.layers)
                                             : not_known);
}

void OverviewView::select_layer(const QString& layer) {
    map_->select_layer(layer);
    size_error_->select_layer(layer);
}

} // namespace quantscope::widgets
