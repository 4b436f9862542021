// The directory of a zip archive as torch.save writes it: names and places of uncompressed records inside a mapped
// file. Own code rather than libtorch's PyTorchStreamReader: that one inflates whatever a record claims to be, reports
// with its own exceptions, and cannot be built with our sanitizers; all we need is where stored records lie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/checkpoint/mapped_file.h"

namespace quantscope {

struct ZipRecord {
    std::uint64_t offset = 0; ///< of its first byte in the file
    std::uint64_t size = 0;
};

class ZipDirectory {
public:
    /// \throws FormatError naming the file, and the record where there is one
    explicit ZipDirectory(const MappedFile& file);

    const ZipRecord* find(const std::string& name) const;
    std::string_view text(const ZipRecord& record) const; ///< its bytes
    /// The folder that all records of a torch.save archive lie in ("archive", or the file's name).
    const std::string& folder() const { return folder_; }

private:
    const MappedFile& file_;
    std::unordered_map<std::string_view, ZipRecord> records_; ///< names are views into the file
    std::string folder_;
};

} // namespace quantscope
