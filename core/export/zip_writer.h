// Writes a zip archive of uncompressed records, each beginning at a multiple of 64 bytes: what torch.save writes and
// torch.load maps into memory. Records stream: their checksums follow their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"

namespace quantscope {

class ZipWriter {
public:
    static constexpr std::uint64_t alignment = 64; ///< of every record's first byte
    static constexpr std::uint64_t no_32_bits = 0xffffffff;

    /// \param file      receives the archive from its present end on, which must be its beginning
    /// \param limit_32  from this size or offset on numbers are written in 64 bits; smaller in tests only
    explicit ZipWriter(AtomicFile& file, std::uint64_t limit_32 = no_32_bits)
        : file_(file)
        , limit_32_(limit_32) {}

    /// Starts a record of a known size; exactly that many bytes must be handed to the file's write() and to seen()
    /// before end(). \throws IoError
    void begin(const std::string& name, std::uint64_t size);
    /// Adds bytes that have been written to the file to the record's checksum.
    void seen(std::span<const std::byte> bytes);
    void end();
    /// A whole record.
    void add(const std::string& name, std::span<const std::byte> bytes);
    /// The directory behind the last record.
    void finish();

    /// How many bytes a record takes at most beside its own.
    static std::uint64_t overhead(const std::string& name) { return 2 * name.size() + 256; }

private:
    struct Record {
        std::string name;
        std::uint64_t offset = 0, size = 0;
        std::uint32_t checksum = 0;
    };
    bool is_long(const Record& record) const { return record.size >= limit_32_; }

    AtomicFile& file_;
    std::uint64_t limit_32_;
    std::vector<Record> records_;
};

} // namespace quantscope
