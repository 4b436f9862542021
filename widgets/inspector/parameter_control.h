// One control for one parameter, made from its description: a slider with a number, a spin box, a list or a tick.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QSlider>
#include <QSpinBox>
#include <QWidget>
#include <nlohmann/json.hpp>

#include "core/schemes/parameter.h"

namespace quantscope::widgets {

class ParameterControl : public QWidget {
    Q_OBJECT
public:
    ParameterControl(const Parameter& parameter, const QString& object_name, QWidget* parent = nullptr);

    const Parameter& parameter() const { return parameter_; }
    /// Shows a value without telling anybody; null stands for layers that differ and shows "mixed".
    void setValue(const nlohmann::json& value);
    nlohmann::json value() const; ///< null while mixed

Q_SIGNALS:
    /// \param finished  false while a slider is being dragged
    void edited(const nlohmann::json& value, bool finished);

private:
    void makeReal();
    void makeInteger();
    void makeOption();
    void makeFlag();
    int sliderPlace(double value) const;
    double sliderValue(int place) const;

    Parameter parameter_;
    bool mixed_ = false;
    QSlider* slider_ = nullptr;
    QDoubleSpinBox* real_ = nullptr;
    QSpinBox* integer_ = nullptr;
    QComboBox* option_ = nullptr;
    QCheckBox* flag_ = nullptr;
};

} // namespace quantscope::widgets
