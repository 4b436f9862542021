// Where the model that the start page offers lies.
#pragma once

#include <QString>

namespace quantscope {

/// The first GGUF file, by name, in the folders beside the program where the set-up puts the default model: models/ of
/// the build folder or share/quantscope/models of an installation. Empty when there is none.
QString find_default_model(const QString& program_folder);

} // namespace quantscope
