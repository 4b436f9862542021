// The Scheme panel: the five choices and their parameters for one or many layers, made from the members' descriptions.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QHash>
#include <QLabel>
#include <QPushButton>
#include <QWidget>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/schemes/parameter.h"
#include "widgets/elided_label.h"
#include "widgets/inspector/effect_panel.h"
#include "widgets/inspector/parameter_control.h"

namespace quantscope::widgets {

class SchemeInspector : public QWidget {
    Q_OBJECT
public:
    /// \param members  of all choices, in the order shown
    explicit SchemeInspector(std::vector<Description> members, QWidget* parent = nullptr);

    /// \param layers   full names; empty: the recipe's default is being edited
    /// \param schemes  one for each layer, or one for the default; null stands for a layer left in float
    void setSelection(const QStringList& layers, const std::vector<nlohmann::json>& schemes);
    /// The recipe's name and how far the layers differ from it, above the choices.
    void setRecipe(const QString& name, const QString& remark);
    void setOwnEntries(bool any);
    void setProblems(const QStringList& problems); ///< of the recipe for this model; shown inline
    void setModelOpen(bool open);
    EffectPanel& effect() { return *effect_; }
    QStringList layers() const { return layers_; }

Q_SIGNALS:
    void memberChosen(const QString& choice, const QString& member);
    /// \param member  empty: the layers have different members that share the parameter; each keeps its own
    void parameterEdited(const QString& choice, const QString& member, const QString& parameter,
                         const nlohmann::json& value, bool finished);
    void quantizeToggled(bool quantize); ///< off: the layers stay in float
    void resetRequested();               ///< take the layers' own entries away

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void makeChoice(Choice choice);
    void fillChoice(Choice choice);
    void rebuildParameters(Choice choice, const std::vector<const Description*>& members);
    void showTitle();
    void showScope();
    const Description* findMember(Choice choice, const std::string& name) const;

    struct ChoiceControls {
        QComboBox* members = nullptr;
        QFormLayout* parameters = nullptr;
        QWidget* box = nullptr;
        std::vector<const Description*> shown; ///< whose parameters, or what they have in common
        std::vector<ParameterControl*> controls;
    };

    std::vector<Description> members_;
    QStringList layers_;
    std::vector<nlohmann::json> schemes_;
    QHash<int, ChoiceControls> choices_;
    QFrame* banner_;
    ElidedLabel *title_, *recipe_;
    QLabel *scope_, *remark_, *problems_, *effect_title_ = nullptr;
    bool own_entries_ = false;
    QCheckBox* quantize_;
    QPushButton* reset_;
    QWidget *body_, *form_box_, *effect_box_ = nullptr;
    QFormLayout* form_;
    EffectPanel* effect_;
};

} // namespace quantscope::widgets
