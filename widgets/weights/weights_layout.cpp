// How the Weights view is put together: heading, cards that the chips at its foot show and hide.
#include <QComboBox>
#include <QFrame>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

#include "widgets/elided_label.h"
#include "widgets/flow_layout.h"
#include "widgets/theme.h"
#include "widgets/weights/bands_plot.h"
#include "widgets/weights/error_panel.h"
#include "widgets/weights/heat_map.h"
#include "widgets/weights/histogram_plot.h"
#include "widgets/weights/outlier_model.h"
#include "widgets/weights/weights_view.h"

namespace quantscope::widgets {
namespace {

/// Rows are chosen as a whole: no frame around the cell that was clicked.
class RowDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        QStyledItemDelegate::initStyleOption(option, index);
        option->state &= ~QStyle::State_HasFocus;
    }
};

template <typename Label = QLabel>
Label* quiet_label(QWidget* parent) {
    auto* label = new Label;
    label->setParent(parent);
    label->setProperty("tone", "secondary");
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

} // namespace

void WeightsView::build() {
    histogram_ = new HistogramPlot(this);
    bands_ = new BandsPlot(this);
    bands_->set_output(false);
    heat_map_ = new HeatMap(this);
    errors_ = new ErrorPanel(this);
    errors_->set_output(false);

    auto* page = new QWidget(this);
    page->setObjectName(QStringLiteral("weights_page"));
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2 * Theme::unit);
    cards_[int(Card::histogram)] = make_card(histogram_, "histogram_card");
    cards_[int(Card::channels)] = make_card(bands_, "channels_card");
    cards_[int(Card::heat_map)] = make_card(make_heat_map(), "heat_map_card");
    cards_[int(Card::outliers)] = make_card(make_outliers(), "outliers_card");
    cards_[int(Card::error)] = make_card(errors_, "error_card");
    column->addWidget(cards_[int(Card::histogram)], 11);
    column->addWidget(cards_[int(Card::channels)], 10);
    places_ = new QWidget(page); // a widget rather than a layout, so that it takes no room while both cards are hidden
    auto* beside = new QHBoxLayout(places_);
    beside->setContentsMargins(0, 0, 0, 0);
    beside->setSpacing(2 * Theme::unit);
    beside->addWidget(cards_[int(Card::heat_map)], 1);
    beside->addWidget(cards_[int(Card::outliers)], 0);
    column->addWidget(places_, 12);
    column->addWidget(cards_[int(Card::error)], 7);
    nothing_ = quiet_label(page);
    nothing_->setObjectName(QStringLiteral("weights_nothing"));
    nothing_->setText(tr("Everything is hidden. The buttons below show the layer's histogram, channels, heat map, "
                         "error and outliers."));
    nothing_->setWordWrap(true);
    nothing_->setAlignment(Qt::AlignCenter);
    column->addWidget(nothing_, 1);

    scroll_ = new QScrollArea(this);
    scroll_->setObjectName(QStringLiteral("weights_scroll"));
    scroll_->setWidgetResizable(true);
    scroll_->setFrameShape(QFrame::NoFrame);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll_->setWidget(page);
    scroll_->setFocusPolicy(Qt::NoFocus);
    scroll_->viewport()->setAutoFillBackground(false);
    page->setAutoFillBackground(false);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 10, 12, 10);
    layout->setSpacing(2 * Theme::unit);
    layout->addWidget(make_header());
    layout->addWidget(scroll_, 1);
    layout->addWidget(make_chips());
    for (const Card card : {Card::heat_map, Card::error, Card::outliers})
        set_card_visible(card, false);
}

QWidget* WeightsView::make_header() {
    auto* header = new QWidget(this);
    auto* layout = new QVBoxLayout(header);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    auto* first = new QHBoxLayout;
    first->setSpacing(10);
    heading_ = new ElidedLabel({}, header);
    heading_->setObjectName(QStringLiteral("weights_heading"));
    heading_->setProperty("tone", "heading");
    heading_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
    facts_ = quiet_label<ElidedLabel>(header);
    facts_->setObjectName(QStringLiteral("weights_facts"));
    facts_->setElideMode(Qt::ElideRight);
    first->addWidget(heading_);
    first->addWidget(facts_, 1);
    more_facts_ = quiet_label(header);
    more_facts_->setObjectName(QStringLiteral("weights_more_facts"));
    more_facts_->setWordWrap(true);
    more_facts_->setFont(Theme::current().text_font(-1));
    busy_ = new QProgressBar(header);
    busy_->setObjectName(QStringLiteral("weights_busy"));
    busy_->setAccessibleName(tr("Reading the weights"));
    busy_->setRange(0, 0);
    busy_->setTextVisible(false);
    busy_->hide();
    message_ = new QLabel(header);
    message_->setObjectName(QStringLiteral("weights_message"));
    message_->setTextFormat(Qt::PlainText);
    message_->setWordWrap(true);
    message_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    message_->hide();
    layout->addLayout(first);
    layout->addWidget(more_facts_);
    layout->addWidget(busy_);
    layout->addWidget(message_);
    return header;
}

QWidget* WeightsView::make_card(QWidget* content, const char* name) {
    auto* card = new QFrame(this);
    card->setObjectName(QLatin1String(name));
    card->setProperty("card", true);
    auto* layout = new QVBoxLayout(card);
    layout->setContentsMargins(4, 4, 4, 4);
    layout->addWidget(content);
    return card;
}

QWidget* WeightsView::make_heat_map() {
    auto* panel = new QWidget(this);
    auto* layout = new QVBoxLayout(panel);
    layout->setContentsMargins(4, 4, 4, 0);
    layout->setSpacing(0);
    pooling_ = new QComboBox(panel);
    pooling_->setObjectName(QStringLiteral("heat_map_pooling"));
    pooling_->setAccessibleName(tr("Pooling of the heat map"));
    pooling_->setToolTip(tr("What a point of the picture shows of the weights under it: with the largest no outlier "
                            "vanishes, with the mean the texture shows."));
    pooling_->addItems({tr("largest |w|"), tr("mean |w|")});
    connect(pooling_, &QComboBox::currentIndexChanged, this, [this](int i) { heat_map_->set_maximum(i == 0); });
    colours_ = new QComboBox(panel);
    colours_->setObjectName(QStringLiteral("heat_map_colours"));
    colours_->setAccessibleName(tr("Colours of the heat map"));
    colours_->setToolTip(
        tr("Where the colours end: at a few standard deviations, so that ordinary weights differ, or at "
           "the largest weight."));
    colours_->addItems({tr("colours to a few σ"), tr("colours to max")});
    connect(colours_, &QComboBox::currentIndexChanged, this, [this](int i) { heat_map_->set_full_scale(i == 1); });
    auto* row = new QHBoxLayout;
    row->setSpacing(2 * Theme::unit);
    row->addWidget(pooling_);
    row->addWidget(colours_);
    row->addStretch(1);
    layout->addLayout(row);
    layout->addWidget(heat_map_, 1);
    return panel;
}

QWidget* WeightsView::make_outliers() {
    auto* panel = new QWidget(this);
    auto* layout = new QVBoxLayout(panel);
    layout->setContentsMargins(8, 4, 4, 4);
    layout->setSpacing(4);
    outlier_caption_ = quiet_label(panel);
    outlier_caption_->setObjectName(QStringLiteral("outlier_caption"));
    outlier_caption_->setWordWrap(true);
    outlier_model_ = new OutlierModel(this);
    outliers_ = new QTableView(panel);
    outliers_->setObjectName(QStringLiteral("outliers"));
    outliers_->setAccessibleName(tr("Outliers"));
    outliers_->setToolTip(
        tr("The weights farthest from the mean. Choose one to see it in the heat map; click a column's "
           "head to sort."));
    outliers_->setModel(outlier_model_);
    outliers_->setSelectionBehavior(QAbstractItemView::SelectRows);
    outliers_->setSelectionMode(QAbstractItemView::SingleSelection);
    outliers_->setTabKeyNavigation(false);
    outliers_->setShowGrid(false);
    outliers_->setCornerButtonEnabled(false);
    outliers_->verticalHeader()->hide();
    outliers_->verticalHeader()->setDefaultSectionSize(Theme::row_height);
    outliers_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    outliers_->horizontalHeader()->setHighlightSections(false);
    outliers_->horizontalHeader()->setStyleSheet( // room for the arrow that shows the order
        QStringLiteral("QHeaderView::section { padding-left: 2px; padding-right: 14px; }"));
    outliers_->setItemDelegate(new RowDelegate(outliers_));
    outliers_->setSortingEnabled(true);
    outliers_->sortByColumn(OutlierModel::sigmas_column, Qt::DescendingOrder);
    panel->setFixedWidth(272);
    connect(outliers_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& now) { show_outlier(now.isValid() ? now.row() : -1); });
    connect(outliers_, &QTableView::clicked, this, [this](const QModelIndex& index) { show_outlier(index.row()); });
    layout->addWidget(outlier_caption_);
    layout->addWidget(outliers_, 1);
    return panel;
}

QPushButton* WeightsView::make_chip(const QString& text, const QString& tip, const char* name, bool checked) {
    auto* chip = new QPushButton(text, this);
    chip->setProperty("chip", true);
    chip->setObjectName(QLatin1String(name));
    chip->setAccessibleName(text);
    chip->setToolTip(tip);
    chip->setCheckable(true);
    chip->setChecked(checked);
    return chip;
}

QWidget* WeightsView::make_chips() {
    auto* row = new QWidget(this);
    auto* layout = new FlowLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(Theme::unit);
    const std::tuple<Card, QString, QString, const char*> cards[] = {
        {Card::histogram, tr("Histogram"), tr("Show or hide the histogram with the grid over it"), "chip_histogram"},
        {Card::channels, tr("Channels"), tr("Show or hide the spread of each channel"), "chip_channels"},
        {Card::heat_map, tr("Heat map"), tr("Show or hide the picture of all weights"), "chip_heat_map"},
        {Card::error, tr("Error"), tr("Show or hide the error by channel, clip range and breakpoint"), "chip_error"},
        {Card::outliers, tr("Outliers"), tr("Show or hide the list of the largest weights"), "chip_outliers"},
    };
    for (const auto& [card, text, tip, name] : cards) {
        auto* chip = make_chip(text, tip, name, true);
        chips_[int(card)] = chip;
        connect(chip, &QPushButton::toggled, this, [this, card = card](bool on) {
            set_card_visible(card, on);
            // Once it has its place: below the fold it would seem that nothing had happened.
            if (on)
                QTimer::singleShot(0, this, [this, card] { scroll_->ensureWidgetVisible(cards_[int(card)], 0, 8); });
        });
        layout->addWidget(chip);
    }
    after_ =
        make_chip(tr("After"),
                  tr("<b>Before and after</b> (Space)<br>Puts the weights as they are once quantized in front of the "
                     "original ones. Comes a moment after the layer is shown."),
                  "chip_after", false);
    after_->setEnabled(false);
    connect(after_, &QPushButton::toggled, histogram_, &HistogramPlot::set_after);
    range_ = make_chip(tr("Full range"),
                       tr("<b>Full range</b> (R)<br>Shows every weight. Off, the picture ends near the clip range and "
                          "says at its border how many lie beyond."),
                       "chip_range", false);
    connect(range_, &QPushButton::toggled, histogram_, &HistogramPlot::set_full_range);
    connect(histogram_, &HistogramPlot::full_range_changed, range_, &QPushButton::setChecked);
    logarithmic_ = make_chip(tr("Log y"), tr("Counts of the histogram on a logarithmic scale (L)"), "chip_log", true);
    connect(logarithmic_, &QPushButton::toggled, histogram_, &HistogramPlot::set_logarithmic);
    connect(histogram_, &HistogramPlot::logarithmic_changed, logarithmic_, &QPushButton::setChecked);
    axis_ = make_chip(tr("By input"), tr("Switch between input channels (columns) and output channels (rows)"),
                      "chip_axis", false);
    connect(axis_, &QPushButton::toggled, this, &WeightsView::set_output);
    for (QPushButton* chip : {after_, range_, logarithmic_, axis_})
        layout->addWidget(chip);
    return row;
}

} // namespace quantscope::widgets
