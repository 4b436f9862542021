// Local headers, data descriptors and the directory, with zip64 where sizes or offsets need it.
// Source: PKWARE's APPNOTE 6.3.9, sections 4.3 and 4.5.3; the padding field is PyTorch's (caffe2/serialize).
#include "core/export/zip_writer.h"

#include <algorithm>
#include <concepts>

#include "core/base/crc32.h"

namespace quantscope {

namespace {

constexpr std::uint16_t flags = 1 << 3 | 1 << 11;   ///< the checksum follows the bytes; names are UTF-8
constexpr std::uint32_t first_of_1980 = 0x00210000; ///< time and date of every record
constexpr std::uint16_t zip64_field = 1, padding_field = 0x4246;

/// Little-endian numbers one after another.
class Bytes {
public:
    template <std::unsigned_integral Number>
    Bytes& put(Number number) {
        for (std::size_t i = 0; i < sizeof number; ++i)
            text_ += static_cast<char>(static_cast<std::uint64_t>(number) >> 8 * i & 0xff);
        return *this;
    }
    Bytes& put(const std::string& text) {
        text_ += text;
        return *this;
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

std::uint16_t needed_version(bool zip64) { return zip64 ? 45 : 20; }

} // namespace

void ZipWriter::begin(const std::string& name, std::uint64_t size) {
    Record record{name, file_.size(), size, 0};
    Bytes extra;
    if (is_long(record)) extra.put(zip64_field).put(std::uint16_t(16)).put(std::uint64_t(0)).put(std::uint64_t(0));
    const std::uint64_t unpadded = record.offset + 30 + name.size() + extra.text().size() + 4;
    const std::uint64_t padding = (alignment - unpadded % alignment) % alignment;
    extra.put(padding_field).put(static_cast<std::uint16_t>(padding)).put(std::string(padding, 'Z'));
    const std::uint32_t unknown = is_long(record) ? 0xffffffffu : 0u; // the descriptor behind the bytes says it
    Bytes header;
    header.put(0x04034b50u).put(needed_version(is_long(record))).put(flags).put(std::uint16_t(0)).put(first_of_1980);
    header.put(0u).put(unknown).put(unknown);
    header.put(static_cast<std::uint16_t>(name.size())).put(static_cast<std::uint16_t>(extra.text().size()));
    header.put(name).put(extra.text());
    file_.write(header.text());
    records_.push_back(std::move(record));
}

void ZipWriter::seen(std::span<const std::byte> bytes) {
    records_.back().checksum = crc32(bytes, records_.back().checksum);
}

void ZipWriter::end() {
    const Record& record = records_.back();
    Bytes descriptor;
    descriptor.put(0x08074b50u).put(record.checksum);
    if (is_long(record))
        descriptor.put(record.size).put(record.size);
    else
        descriptor.put(static_cast<std::uint32_t>(record.size)).put(static_cast<std::uint32_t>(record.size));
    file_.write(descriptor.text());
}

void ZipWriter::add(const std::string& name, std::span<const std::byte> bytes) {
    begin(name, bytes.size());
    file_.write(bytes);
    seen(bytes);
    end();
}

void ZipWriter::finish() {
    const std::uint64_t begin = file_.size();
    const auto short_of = [&](std::uint64_t number) {
        return static_cast<std::uint32_t>(number >= limit_32_ ? no_32_bits : number);
    };
    for (const Record& record : records_) {
        Bytes numbers, extra, entry;
        if (is_long(record)) numbers.put(record.size).put(record.size);
        if (record.offset >= limit_32_) numbers.put(record.offset);
        const bool zip64 = !numbers.text().empty();
        if (zip64) extra.put(zip64_field).put(static_cast<std::uint16_t>(numbers.text().size())).put(numbers.text());
        entry.put(0x02014b50u).put(needed_version(zip64)).put(needed_version(zip64)).put(flags).put(std::uint16_t(0));
        entry.put(first_of_1980).put(record.checksum).put(short_of(record.size)).put(short_of(record.size));
        entry.put(static_cast<std::uint16_t>(record.name.size())).put(static_cast<std::uint16_t>(extra.text().size()));
        entry.put(std::uint16_t(0)).put(std::uint16_t(0)).put(std::uint16_t(0)).put(0u).put(short_of(record.offset));
        entry.put(record.name).put(extra.text());
        file_.write(entry.text());
    }
    const std::uint64_t end = file_.size(), size = end - begin, count = records_.size();
    Bytes tail;
    if (begin >= limit_32_ || size >= limit_32_ || count >= 0xffff) {
        tail.put(0x06064b50u).put(std::uint64_t(44)).put(needed_version(true)).put(needed_version(true));
        tail.put(0u).put(0u).put(count).put(count).put(size).put(begin);
        tail.put(0x07064b50u).put(0u).put(end).put(1u);
    }
    const auto short_count = static_cast<std::uint16_t>(std::min<std::uint64_t>(count, 0xffff));
    tail.put(0x06054b50u).put(std::uint16_t(0)).put(std::uint16_t(0)).put(short_count).put(short_count);
    tail.put(short_of(size)).put(short_of(begin)).put(std::uint16_t(0));
    file_.write(tail.text());
}

} // namespace quantscope
