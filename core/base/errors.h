// The typed errors that core throws. Each names the file, the tensor or key, and the remedy; they are caught in two
// places only: the command line's main and the studio's job queue.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace quantscope {

/// Base of every error. `what()` is the one line a user reads: "<file>: <tensor or key>: <what and what to do>".
class Error : public std::runtime_error {
public:
    /// \param file    the file or folder at fault; empty when there is none
    /// \param place   the tensor, key, site or recipe entry at fault; empty when the whole file is
    /// \param problem what happened and what to do about it, one sentence or two
    Error(std::string file, std::string place, std::string problem);

    const std::string& file() const { return file_; }
    const std::string& place() const { return place_; }
    const std::string& problem() const { return problem_; }

private:
    std::string file_, place_, problem_;
};

struct FormatError : Error { using Error::Error; };  ///< a file is not what its format says
struct ShapeError : Error { using Error::Error; };   ///< tensors that do not fit together
struct RecipeError : Error { using Error::Error; };  ///< an unknown name or a value out of range in a recipe
struct DataError : Error { using Error::Error; };    ///< values nothing sensible can be computed from
struct IoError : Error { using Error::Error; };      ///< the system refused to read, write or allocate
struct UsageError : Error { using Error::Error; };   ///< the command line was called wrongly

/// Thrown by Progress::check() after a cancel; not an error, and never reported as one.
struct Cancelled : std::runtime_error {
    Cancelled() : std::runtime_error("cancelled") {}
};

/// Makes text from a file fit for one line on a terminal: control characters become \xNN, long text is cut.
std::string printable(std::string_view text, std::size_t limit = 200);

} // namespace quantscope
