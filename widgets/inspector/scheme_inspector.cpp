// The Scheme panel.
#include "widgets/inspector/scheme_inspector.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/theme.h"

namespace quantscope::widgets {

using nlohmann::json;

namespace {

QLabel* section(const QString& text) {
    auto* label = new QLabel(text);
    label->setProperty("tone", QStringLiteral("section"));
    label->setContentsMargins(0, 8, 0, 0);
    return label;
}

QString choice_label(Choice choice) {
    QString text = QString::fromUtf8(name(choice).data(), qsizetype(name(choice).size()));
    text[0] = text[0].toUpper();
    return text;
}

QString member_tip(const Description& member) {
    QString tip = QStringLiteral("<b>%1</b><br>%2")
                      .arg(QString::fromStdString(member.label).toHtmlEscaped(),
                           QString::fromStdString(member.help).toHtmlEscaped());
    if (!member.source.empty())
        tip += QStringLiteral("<br><i>%1</i>").arg(QString::fromStdString(member.source).toHtmlEscaped());
    return tip;
}

/// The value of a choice's key in all schemes when they agree, else null. Schemes left in float are passed over.
json common_value(const std::vector<json>& schemes, const std::string& choice, const std::string& key) {
    json common;
    for (const json& scheme : schemes) {
        if (!scheme.is_object() || !scheme.contains(choice)) continue;
        const json& values = scheme[choice];
        if (!values.contains(key)) return nullptr;
        if (common.is_null())
            common = values[key];
        else if (common != values[key])
            return nullptr;
    }
    return common;
}

std::string as_word(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? std::string() : value.dump();
}

} // namespace

SchemeInspector::SchemeInspector(std::vector<Description> members, QWidget* parent)
    : QWidget(parent)
    , members_(std::move(members))
    , title_(new QLabel)
    , recipe_(new QLabel)
    , remark_(new QLabel)
    , problems_(new QLabel)
    , quantize_(new QCheckBox(QStringLiteral("Quantize")))
    , reset_(new QPushButton(QStringLiteral("Reset")))
    , body_(new QWidget)
    , form_box_(new QWidget)
    , form_(new QFormLayout)
    , effect_(new EffectPanel) {
    setObjectName(QStringLiteral("schemeInspector"));
    setAccessibleName(QStringLiteral("Scheme"));
    title_->setProperty("tone", QStringLiteral("section"));
    title_->setObjectName(QStringLiteral("schemeTitle"));
    title_->setWordWrap(true);

    auto* card = new QFrame;
    card->setProperty("card", true);
    auto* card_layout = new QVBoxLayout(card);
    card_layout->setContentsMargins(8, 6, 8, 6);
    card_layout->setSpacing(0);
    recipe_->setObjectName(QStringLiteral("schemeRecipe"));
    remark_->setObjectName(QStringLiteral("schemeRemark"));
    remark_->setProperty("tone", QStringLiteral("secondary"));
    for (QLabel* label : {recipe_, remark_, problems_})
        label->setWordWrap(true);
    card_layout->addWidget(recipe_);
    card_layout->addWidget(remark_);
    problems_->setObjectName(QStringLiteral("schemeProblems"));
    problems_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    problems_->hide();

    quantize_->setObjectName(QStringLiteral("schemeQuantize"));
    quantize_->setToolTip(
        QStringLiteral("<b>Quantize</b><br>Off, the selected layers keep their floating-point weights."));
    connect(quantize_, &QCheckBox::clicked, this, [this] {
        quantize_->setTristate(false);
        Q_EMIT quantizeToggled(quantize_->isChecked());
    });
    reset_->setObjectName(QStringLiteral("schemeReset"));
    reset_->setToolTip(QStringLiteral("<b>Reset</b><br>Takes the selected layers' own settings away; they follow the "
                                      "recipe's rules again."));
    connect(reset_, &QPushButton::clicked, this, &SchemeInspector::resetRequested);
    auto* head = new QHBoxLayout;
    head->addWidget(quantize_, 1);
    head->addWidget(reset_);

    form_->setContentsMargins(0, 0, 0, 0);
    form_->setHorizontalSpacing(12);
    form_->setVerticalSpacing(4);
    form_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form_box_->setLayout(form_);
    for (const Choice choice : all_choices)
        makeChoice(choice);

    auto* layout = new QVBoxLayout(body_);
    layout->setContentsMargins(12, 8, 12, 12);
    layout->setSpacing(6);
    layout->addWidget(title_);
    layout->addWidget(card);
    layout->addWidget(problems_);
    layout->addWidget(section(QStringLiteral("WEIGHTS")));
    layout->addLayout(head);
    layout->addWidget(form_box_);
    layout->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(body_);
    body_->setBackgroundRole(QPalette::Base);
    body_->setAutoFillBackground(true);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    outer->addWidget(scroll, 1);
    // Stays in sight while the choices scroll: every edit is judged by it.
    effect_box_ = new QWidget;
    effect_box_->setObjectName(QStringLiteral("schemeEffect"));
    effect_box_->setBackgroundRole(QPalette::Base);
    effect_box_->setAutoFillBackground(true);
    auto* effect_layout = new QVBoxLayout(effect_box_);
    effect_layout->setContentsMargins(12, 0, 12, 8);
    effect_layout->setSpacing(4);
    effect_layout->addWidget(section(QStringLiteral("EFFECT ON THIS LAYER")));
    effect_layout->addWidget(effect_);
    auto* line = new QFrame;
    line->setFrameShape(QFrame::HLine);
    line->setFixedHeight(1);
    line->setForegroundRole(QPalette::Mid);
    outer->addWidget(line);
    outer->addWidget(effect_box_);
    setModelOpen(false);
}

const Description* SchemeInspector::findMember(Choice choice, const std::string& name) const {
    for (const auto& member : members_)
        if (member.choice == choice && member.name == name) return &member;
    return nullptr;
}

void SchemeInspector::makeChoice(Choice choice) {
    ChoiceControls controls;
    controls.members = new QComboBox;
    const QString key = QString::fromUtf8(name(choice).data(), qsizetype(name(choice).size()));
    controls.members->setObjectName(QStringLiteral("scheme_") + key);
    controls.members->setAccessibleName(choice_label(choice));
    controls.members->setPlaceholderText(QStringLiteral("mixed"));
    controls.members->setFocusPolicy(Qt::StrongFocus);
    controls.members->setMinimumContentsLength(8);
    controls.members->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    for (const auto& member : members_) {
        if (member.choice != choice) continue;
        controls.members->addItem(QString::fromStdString(member.label), QString::fromStdString(member.name));
        controls.members->setItemData(controls.members->count() - 1, member_tip(member), Qt::ToolTipRole);
    }
    connect(controls.members, &QComboBox::activated, this, [this, key, box = controls.members](int index) {
        Q_EMIT memberChosen(key, box->itemData(index).toString());
    });
    controls.box = new QWidget;
    controls.parameters = new QFormLayout(controls.box);
    controls.parameters->setContentsMargins(12, 0, 0, 0);
    controls.parameters->setHorizontalSpacing(12);
    controls.parameters->setVerticalSpacing(4);
    controls.parameters->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form_->addRow(choice_label(choice), controls.members);
    form_->addRow(controls.box);
    choices_.insert(int(choice), controls);
}

void SchemeInspector::rebuildParameters(Choice choice, const Description* member) {
    ChoiceControls& shown = choices_[int(choice)];
    if (shown.shown == member) return;
    const QWidget* focus = focusWidget();
    while (shown.parameters->rowCount() > 0)
        shown.parameters->removeRow(0);
    shown.controls.clear();
    shown.shown = member;
    shown.box->setVisible(member && !member->parameters.empty());
    if (!member) return;
    const QString key = QString::fromUtf8(name(choice).data(), qsizetype(name(choice).size()));
    QWidget* previous = shown.members;
    for (const Parameter& parameter : member->parameters) {
        const QString parameter_name = QString::fromStdString(parameter.name);
        auto* control = new ParameterControl(parameter, QStringLiteral("scheme_%1_%2").arg(key, parameter_name));
        connect(control, &ParameterControl::edited, this,
                [this, key, member_name = QString::fromStdString(member->name), parameter_name](const json& value,
                                                                                                bool finished) {
                    Q_EMIT parameterEdited(key, member_name, parameter_name, value, finished);
                });
        auto* label = new QLabel(QString::fromStdString(parameter.label));
        label->setProperty("tone", QStringLiteral("secondary"));
        label->setToolTip(control->toolTip());
        label->setBuddy(control);
        shown.parameters->addRow(label, control);
        shown.controls.push_back(control);
        setTabOrder(previous, control);
        previous = control;
    }
    if (focus && !focusWidget()) shown.members->setFocus();
}

void SchemeInspector::fillChoice(Choice choice) {
    ChoiceControls& shown = choices_[int(choice)];
    const std::string key(name(choice));
    const json common = common_value(schemes_, key, "name");
    const Description* member = common.is_string() ? findMember(choice, common.get<std::string>()) : nullptr;
    {
        const QSignalBlocker quiet(shown.members);
        shown.members->setCurrentIndex(member ? shown.members->findData(QString::fromStdString(member->name)) : -1);
        shown.members->setToolTip(member ? member_tip(*member)
                                         : QStringLiteral("The selected layers differ; choosing sets all of them."));
    }
    rebuildParameters(choice, member);
    for (std::size_t i = 0; i < shown.controls.size(); ++i) {
        ParameterControl* control = shown.controls[i];
        const Parameter& parameter = control->parameter();
        control->setValue(common_value(schemes_, key, parameter.name));
        bool used = parameter.needs.empty();
        if (!used) { // while the layers differ in what it needs, it stays in sight
            const json needed = common_value(schemes_, key, parameter.needs);
            used = needed.is_null() || std::find(parameter.needs_values.begin(), parameter.needs_values.end(),
                                                 as_word(needed)) != parameter.needs_values.end();
        }
        shown.parameters->setRowVisible(int(i), used);
    }
}

void SchemeInspector::setSelection(const QStringList& layers, const std::vector<json>& schemes) {
    layers_ = layers;
    schemes_ = schemes;
    showTitle();
    const auto floats =
        std::count_if(schemes.begin(), schemes.end(), [](const json& scheme) { return scheme.is_null(); });
    const bool some = floats > 0 && floats < std::ptrdiff_t(schemes.size());
    {
        const QSignalBlocker quiet(quantize_);
        quantize_->setTristate(some);
        quantize_->setCheckState(some ? Qt::PartiallyChecked : floats ? Qt::Unchecked : Qt::Checked);
    }
    const bool any = floats < std::ptrdiff_t(schemes.size());
    form_box_->setEnabled(any);
    for (const Choice choice : all_choices)
        fillChoice(choice);
    effect_box_->setVisible(!layers.isEmpty());
    if (!any) effect_->clear();
}

void SchemeInspector::showTitle() {
    QString what;
    if (layers_.isEmpty())
        what = QStringLiteral("RECIPE'S DEFAULT");
    else if (layers_.size() > 1)
        what = QStringLiteral("%1 LAYERS").arg(layers_.size());
    else
        what = layers_.first().toHtmlEscaped();
    title_->setText(QStringLiteral("SCHEME · ") + what);
    title_->setToolTip(layers_.mid(0, 20).join(u'\n'));
}

void SchemeInspector::setRecipe(const QString& name, const QString& remark) {
    recipe_->setText(QStringLiteral("Recipe <b>%1</b>").arg(name.toHtmlEscaped()));
    remark_->setText(remark);
    remark_->setVisible(!remark.isEmpty());
}

void SchemeInspector::setProblems(const QStringList& problems) {
    const QString shown =
        problems.mid(0, 3).join(u'\n') +
        (problems.size() > 3 ? QStringLiteral("\n… and %1 more").arg(problems.size() - 3) : QString());
    problems_->setText(shown);
    problems_->setVisible(!problems.isEmpty());
    QPalette palette = problems_->palette();
    palette.setColor(QPalette::WindowText, Theme::current().scheme_a);
    problems_->setPalette(palette);
}

void SchemeInspector::setModelOpen(bool open) {
    body_->setEnabled(open);
    effect_box_->setVisible(open);
    if (open) return;
    title_->setText(QStringLiteral("SCHEME"));
    setRecipe(QStringLiteral("–"), QStringLiteral("Open a model, then choose how its layers get small."));
    reset_->setEnabled(false);
    for (const Choice choice : all_choices)
        rebuildParameters(choice, nullptr);
    effect_->clear();
}

} // namespace quantscope::widgets
