// What to sample: classes, seeds, models, sampler, steps and guidance, and the button that asks for it.
#pragma once

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <optional>

#include "core/studio/image_views.h"
#include "widgets/images/choice_button.h"

namespace quantscope::widgets {

/// "0-4, 7" → 0 1 2 3 4 7, in the order written, each once. Nothing for words that are no seeds and for more than 256.
std::optional<std::vector<std::uint64_t>> seeds_from(const QString& text);
QString seeds_text(const std::vector<std::uint64_t>& seeds); ///< 0 1 2 3 4 7 → "0–4, 7"

class ImageControls : public QWidget {
    Q_OBJECT
public:
    explicit ImageControls(QWidget* parent = nullptr);

    /// The model's classes by number; one without a name is an empty string. None: the model is not conditional.
    void setClasses(const QStringList& names);
    /// What can be sampled beside the original; ticks of those that were there stay. None hides the choice.
    void setModels(std::vector<studio::ImageCandidate> models);
    void setBusy(bool busy); ///< Generate becomes Stop

    studio::ImageRequest request() const; ///< its rows are empty when nothing can be asked for as it stands
    void setRequest(const studio::ImageRequest& request); ///< models it does not know are left out
    QString problem() const;                              ///< why nothing can be asked for; empty when all is well
    const QStringList& classes() const { return classes_; }
    void submit(); ///< as if Generate was clicked

Q_SIGNALS:
    void requested(const studio::ImageRequest& request);
    void stopRequested();
    void changed();

private:
    void makeNumbers();
    void updateState();

    QStringList classes_;
    std::vector<studio::ImageCandidate> candidates_;
    ChoiceButton *class_choice_, *model_choice_;
    QWidget* against_; ///< the choice of models with its label
    QLineEdit* seeds_;
    QComboBox* sampler_;
    QSpinBox* steps_;
    QDoubleSpinBox* guidance_;
    QPushButton* generate_;
    QLabel* summary_;
    bool busy_ = false;
};

} // namespace quantscope::widgets
