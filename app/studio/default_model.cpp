// Where the model that the start page offers lies.
#include "app/studio/default_model.h"

#include <QDir>

namespace quantscope {

QString find_default_model(const QString& program_folder) {
    for (const char* place : {"../share/quantscope/models", "../models", "../../models"}) {
        const QDir folder(QDir(program_folder).filePath(QLatin1String(place)));
        const QStringList found =
            folder.entryList({QStringLiteral("*.gguf")}, QDir::Files | QDir::Readable, QDir::Name);
        if (!found.isEmpty()) return QDir::cleanPath(folder.absoluteFilePath(found.first()));
    }
    return {};
}

} // namespace quantscope
