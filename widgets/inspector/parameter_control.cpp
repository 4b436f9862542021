// One control for one parameter.
#include "widgets/inspector/parameter_control.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QWheelEvent>
#include <cmath>

#include "widgets/theme.h"

namespace quantscope::widgets {

namespace {

constexpr int slider_places = 1000;
const QString mixed_text = QStringLiteral("mixed");

/// Lists, numbers and sliders that scroll the panel instead of changing when the wheel passes over them by chance.
template <typename Base>
class Steady : public Base {
public:
    using Base::Base;

protected:
    void wheelEvent(QWheelEvent* event) override {
        if (this->hasFocus())
            Base::wheelEvent(event);
        else
            event->ignore();
    }
};

/// A spin box whose special value below the minimum reads "mixed".
int decimals_for(const Parameter& parameter) {
    const double span = parameter.maximum - parameter.minimum;
    return span <= 2 ? 3 : span <= 100 ? 2 : 1;
}

} // namespace

ParameterControl::ParameterControl(const Parameter& parameter, const QString& object_name, QWidget* parent)
    : QWidget(parent)
    , parameter_(parameter) {
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    QWidget* main = nullptr;
    switch (parameter.kind) {
    case Parameter::Kind::real:
        makeReal();
        main = real_;
        break;
    case Parameter::Kind::integer:
        makeInteger();
        main = integer_;
        break;
    case Parameter::Kind::option:
        makeOption();
        main = option_;
        break;
    case Parameter::Kind::flag:
        makeFlag();
        main = flag_;
        break;
    }
    QString tip = QStringLiteral("<b>%1</b>").arg(QString::fromStdString(parameter.label).toHtmlEscaped());
    if (!parameter.unit.empty())
        tip += QStringLiteral(" (%1)").arg(QString::fromStdString(parameter.unit).toHtmlEscaped());
    tip += QStringLiteral("<br>") + QString::fromStdString(parameter.help).toHtmlEscaped();
    setToolTip(tip);
    main->setObjectName(object_name);
    main->setAccessibleName(QString::fromStdString(parameter.label));
    main->setAccessibleDescription(QString::fromStdString(parameter.help));
    setFocusProxy(main);
    if (slider_) {
        layout->addWidget(slider_, 1);
        slider_->setObjectName(object_name + QStringLiteral("Slider"));
        slider_->setAccessibleDescription(QString::fromStdString(parameter.help));
        slider_->setAccessibleName(QString::fromStdString(parameter.label));
    }
    layout->addWidget(main, slider_ ? 0 : 1);
}

int ParameterControl::sliderPlace(double value) const {
    return int(std::lround((value - parameter_.minimum) / (parameter_.maximum - parameter_.minimum) * slider_places));
}

double ParameterControl::sliderValue(int place) const {
    const double value = parameter_.minimum + (parameter_.maximum - parameter_.minimum) * place / slider_places;
    const double unit = std::pow(10.0, decimals_for(parameter_));
    return std::round(value * unit) / unit;
}

void ParameterControl::makeReal() {
    slider_ = new Steady<QSlider>(Qt::Horizontal);
    slider_->setRange(0, slider_places);
    slider_->setSingleStep(5);
    slider_->setPageStep(50);
    slider_->setMinimumWidth(36);
    real_ = new Steady<QDoubleSpinBox>;
    real_->setDecimals(decimals_for(parameter_));
    real_->setRange(parameter_.minimum, parameter_.maximum);
    real_->setSingleStep((parameter_.maximum - parameter_.minimum) / 100);
    real_->setButtonSymbols(QAbstractSpinBox::NoButtons);
    real_->setKeyboardTracking(false);
    real_->setLocale(QLocale::c());
    real_->setFont(Theme::current().number_font());
    real_->setFixedWidth(68);
    connect(slider_, &QSlider::valueChanged, this, [this](int place) {
        mixed_ = false;
        const double value = sliderValue(place);
        const QSignalBlocker quiet(real_);
        real_->setSpecialValueText({});
        real_->setValue(value);
        Q_EMIT edited(value, !slider_->isSliderDown());
    });
    connect(slider_, &QSlider::sliderReleased, this, [this] { Q_EMIT edited(real_->value(), true); });
    connect(real_, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        mixed_ = false;
        const QSignalBlocker quiet(slider_);
        slider_->setValue(sliderPlace(value));
        Q_EMIT edited(value, true);
    });
}

void ParameterControl::makeInteger() {
    integer_ = new Steady<QSpinBox>;
    integer_->setRange(int(parameter_.minimum), int(parameter_.maximum));
    integer_->setKeyboardTracking(false);
    integer_->setLocale(QLocale::c());
    connect(integer_, &QSpinBox::valueChanged, this, [this](int value) {
        if (integer_->minimum() < int(parameter_.minimum)) { // leaves "mixed": the place below the least value goes
            const QSignalBlocker quiet(integer_);
            integer_->setSpecialValueText({});
            integer_->setMinimum(int(parameter_.minimum));
        }
        mixed_ = false;
        Q_EMIT edited(value, true);
    });
}

void ParameterControl::makeOption() {
    option_ = new Steady<QComboBox>;
    for (const auto& text : parameter_.options)
        option_->addItem(QString::fromStdString(text));
    option_->setPlaceholderText(mixed_text);
    option_->setMinimumContentsLength(4);
    option_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    connect(option_, &QComboBox::activated, this, [this](int index) {
        mixed_ = false;
        Q_EMIT edited(parameter_.options[std::size_t(index)], true);
    });
}

void ParameterControl::makeFlag() {
    flag_ = new QCheckBox;
    connect(flag_, &QCheckBox::clicked, this, [this] {
        mixed_ = false;
        flag_->setTristate(false);
        Q_EMIT edited(flag_->isChecked(), true);
    });
}

void ParameterControl::setValue(const nlohmann::json& value) {
    mixed_ = value.is_null();
    if (real_) {
        const QSignalBlocker quiet_slider(slider_), quiet(real_);
        real_->setSpecialValueText(mixed_ ? mixed_text : QString());
        real_->setValue(mixed_ ? parameter_.minimum : value.get<double>());
        if (!slider_->isSliderDown()) slider_->setValue(sliderPlace(real_->value()));
    } else if (integer_) {
        const QSignalBlocker quiet(integer_);
        integer_->setMinimum(int(parameter_.minimum) - (mixed_ ? 1 : 0));
        integer_->setSpecialValueText(mixed_ ? mixed_text : QString());
        integer_->setValue(mixed_ ? integer_->minimum() : value.get<int>());
    } else if (option_) {
        const QSignalBlocker quiet(option_);
        option_->setCurrentIndex(mixed_ ? -1 : option_->findText(QString::fromStdString(value.get<std::string>())));
    } else if (flag_) {
        const QSignalBlocker quiet(flag_);
        flag_->setTristate(mixed_);
        flag_->setCheckState(mixed_ ? Qt::PartiallyChecked : value.get<bool>() ? Qt::Checked : Qt::Unchecked);
    }
}

nlohmann::json ParameterControl::value() const {
    if (mixed_) return nullptr;
    if (real_) return real_->value();
    if (integer_) return integer_->value();
    if (flag_) return flag_->isChecked();
    return option_->currentText().toStdString();
}

} // namespace quantscope::widgets
