// What stands beside a model's weights and leaves with them: its configuration and its tokenizer's files; and the
// folder that they are written into.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/errors.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"

namespace quantscope {

/// The folder in which a checkpoint's weight files lie.
std::filesystem::path folder_of(const Checkpoint& checkpoint);

/// Copies the tokenizer's files that stand beside the weights, and those named in `also`, into a folder. Missing ones
/// are left out. \returns names of the copied files \throws IoError naming the file
std::vector<std::string> copy_companions(const Checkpoint& checkpoint, const std::filesystem::path& folder,
                                         std::initializer_list<const char*> also = {});

/// Copies one file, as large as it may be, looking at the cancel flag on the way. \throws IoError naming it, Cancelled
void copy_whole_file(const std::filesystem::path& from, const std::filesystem::path& to, Progress& progress);

/// Writes a small text file. \throws IoError naming it
void write_text(const std::filesystem::path& file, const std::string& text);

/// A model's folder being written: nothing is seen of it before commit(), which also removes weight files of an earlier
/// export that would otherwise be read instead of the new ones.
class OutputFolder {
public:
    /// \throws IoError when it is the folder that the model itself was opened from, or cannot be made
    OutputFolder(const std::filesystem::path& target, const Checkpoint& source);
    const std::filesystem::path& path() const { return folder_.path(); }
    /// \returns the files that were written, where they are now
    std::vector<std::filesystem::path> commit();

    /// Does a part of the work; its errors name the folder that was asked for, not the one that is being filled.
    template <typename Work>
    auto fill(const Work& work) const {
        try {
            return work();
        } catch (const IoError& error) {
            throw IoError(name_for_user(error.file()), error.place(), error.problem());
        }
    }

private:
    std::string name_for_user(const std::string& file) const;

    std::filesystem::path target_;
    AtomicFolder folder_;
};

} // namespace quantscope
