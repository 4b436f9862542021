// The Scheme panel.
#include "widgets/inspector/scheme_inspector.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QStyle>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/theme.h"

namespace quantscope::widgets {

using nlohmann::json;

namespace {

constexpr int least_height_for_curve = 600; ///< pixels

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

/// What every one of the members has, in the first one's order, within the bounds that all of them allow.
std::vector<Parameter> shared_parameters(const std::vector<const Description*>& members) {
    std::vector<Parameter> shared;
    if (members.empty()) return shared;
    for (Parameter parameter : members.front()->parameters) {
        const bool everywhere = std::all_of(members.begin() + 1, members.end(), [&](const Description* member) {
            for (const Parameter& other : member->parameters) {
                if (other.name != parameter.name || other.kind != parameter.kind) continue;
                parameter.minimum = std::max(parameter.minimum, other.minimum);
                parameter.maximum = std::min(parameter.maximum, other.maximum);
                std::erase_if(parameter.options, [&other](const std::string& option) {
                    return std::find(other.options.begin(), other.options.end(), option) == other.options.end();
                });
                return parameter.kind == Parameter::Kind::option ? !parameter.options.empty()
                                                                 : parameter.minimum <= parameter.maximum;
            }
            return false;
        });
        if (everywhere) shared.push_back(std::move(parameter));
    }
    return shared;
}

std::string as_word(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? std::string() : value.dump();
}

} // namespace

SchemeInspector::SchemeInspector(std::vector<Description> members, QWidget* parent)
    : QWidget(parent)
    , members_(std::move(members))
    , banner_(new QFrame)
    , title_(new ElidedLabel)
    , recipe_(new ElidedLabel)
    , scope_(new QLabel)
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
    title_->setProperty("tone", QStringLiteral("heading"));
    title_->setObjectName(QStringLiteral("schemeTitle"));
    scope_->setObjectName(QStringLiteral("schemeScope"));
    recipe_->setObjectName(QStringLiteral("schemeRecipe"));
    remark_->setObjectName(QStringLiteral("schemeRemark"));
    for (QLabel* label : {scope_, static_cast<QLabel*>(recipe_), remark_})
        label->setProperty("tone", QStringLiteral("secondary"));
    for (QLabel* label : {scope_, remark_, problems_})
        label->setWordWrap(true);
    banner_->setObjectName(QStringLiteral("schemeBanner"));
    banner_->setProperty("banner", QStringLiteral("quiet"));
    auto* banner_layout = new QVBoxLayout(banner_);
    banner_layout->setContentsMargins(8, 6, 8, 6);
    banner_layout->setSpacing(0);
    banner_layout->addWidget(title_);
    banner_layout->addWidget(scope_);
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
    layout->addWidget(banner_);
    layout->addWidget(recipe_);
    layout->addWidget(remark_);
    layout->addWidget(problems_);
    layout->addWidget(section(QStringLiteral("WEIGHTS")));
    layout->addLayout(head);
    layout->addWidget(form_box_);
    layout->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setObjectName(QStringLiteral("schemeScroll"));
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
    effect_title_ = section(QStringLiteral("EFFECT ON THIS LAYER"));
    effect_title_->setObjectName(QStringLiteral("effectTitle"));
    effect_layout->addWidget(effect_title_);
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
    controls.members->setMinimumContentsLength(6);
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
    controls.parameters->setRowWrapPolicy(QFormLayout::WrapLongRows);
    controls.parameters->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form_->addRow(choice_label(choice), controls.members);
    form_->addRow(controls.box);
    choices_.insert(int(choice), controls);
}

void SchemeInspector::rebuildParameters(Choice choice, const std::vector<const Description*>& members) {
    ChoiceControls& shown = choices_[int(choice)];
    if (shown.shown == members) return;
    const QWidget* focus = focusWidget();
    while (shown.parameters->rowCount() > 0)
        shown.parameters->removeRow(0);
    shown.controls.clear();
    shown.shown = members;
    const std::vector<Parameter> parameters = shared_parameters(members);
    shown.box->setVisible(!parameters.empty());
    const QString key = QString::fromUtf8(name(choice).data(), qsizetype(name(choice).size()));
    // With several members each layer keeps its own: only the value is told.
    const QString member = members.size() == 1 ? QString::fromStdString(members.front()->name) : QString();
    QWidget* previous = shown.members;
    for (const Parameter& parameter : parameters) {
        const QString parameter_name = QString::fromStdString(parameter.name);
        auto* control = new ParameterControl(parameter, QStringLiteral("scheme_%1_%2").arg(key, parameter_name));
        connect(control, &ParameterControl::edited, this,
                [this, key, member, parameter_name](const json& value, bool finished) {
                    Q_EMIT parameterEdited(key, member, parameter_name, value, finished);
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
    std::vector<const Description*> members; // that the layers have
    for (const Description& member : members_)
        if (member.choice == choice && std::any_of(schemes_.begin(), schemes_.end(), [&](const json& scheme) {
                return scheme.is_object() && scheme.contains(key) && scheme[key].value("name", "") == member.name;
            }))
            members.push_back(&member);
    const Description* only = members.size() == 1 ? members.front() : nullptr;
    {
        const QSignalBlocker quiet(shown.members);
        shown.members->setCurrentIndex(only ? shown.members->findData(QString::fromStdString(only->name)) : -1);
        shown.members->setToolTip(only ? member_tip(*only)
                                       : QStringLiteral("<b>The selected layers differ</b><br>Choosing one sets all of "
                                                        "them. What their settings share stands below."));
    }
    rebuildParameters(choice, members);
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

/// Whose scheme is being edited, never to be guessed: an edit of the default reaches layers that are out of sight.
void SchemeInspector::showTitle() {
    const auto count = layers_.size();
    if (count == 0)
        title_->setText(QStringLiteral("The recipe’s default"));
    else if (count > 1)
        title_->setText(QStringLiteral("%1 layers").arg(count));
    else
        title_->setText(layers_.first());
    title_->setToolTip(count > 20 ? layers_.mid(0, 20).join(u'\n') + QStringLiteral("\n… and %1 more").arg(count - 20)
                                  : layers_.join(u'\n'));
    effect_title_->setText(count > 1 ? QStringLiteral("EFFECT ON %1 LAYERS, TOGETHER").arg(count)
                                     : QStringLiteral("EFFECT ON THIS LAYER"));
    showScope();
}

void SchemeInspector::showScope() {
    const bool loud = layers_.isEmpty();
    if (loud)
        scope_->setText(QStringLiteral("Edits reach every layer without settings of its own. To edit some only, select "
                                       "them in the tree."));
    else if (layers_.size() > 1)
        scope_->setText(own_entries_ ? QStringLiteral("Edits reach all of them; some have settings of their own.")
                                     : QStringLiteral("Edits reach all of them."));
    else
        scope_->setText(own_entries_ ? QStringLiteral("Has settings of its own.")
                                     : QStringLiteral("Follows the recipe’s rules; an edit gives it its own."));
    const QString banner = loud ? QStringLiteral("loud") : QStringLiteral("quiet");
    if (banner_->property("banner").toString() == banner) return;
    banner_->setProperty("banner", banner);
    banner_->style()->unpolish(banner_);
    banner_->style()->polish(banner_);
}

void SchemeInspector::setOwnEntries(bool any) {
    own_entries_ = any;
    reset_->setEnabled(any);
    showScope();
}

void SchemeInspector::setRecipe(const QString& name, const QString& remark) {
    recipe_->setText(QStringLiteral("Recipe %1").arg(name));
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
    form_box_->setVisible(open);
    body_->setEnabled(open);
    effect_box_->setVisible(open);
    if (open) return;
    title_->setText(QStringLiteral("No model is open"));
    scope_->setText(QStringLiteral("Open one, then choose how its layers get small."));
    recipe_->clear();
    remark_->hide();
    reset_->setEnabled(false);
    for (const Choice choice : all_choices) {
        choices_[int(choice)].members->setCurrentIndex(-1);
        rebuildParameters(choice, {});
    }
    effect_->clear();
}

/// On a low screen the choices come first and the curve goes: the Weights view's Error card has it too.
void SchemeInspector::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    effect_->setCurveAllowed(height() >= least_height_for_curve);
}

} // namespace quantscope::widgets
