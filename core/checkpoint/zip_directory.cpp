// Reads the end record, the central directory and each record's local header, with zip64 where sizes need it.
// Source: PKWARE's APPNOTE 6.3.9, sections 4.3 and 4.5.3.
#include "core/checkpoint/zip_directory.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/checkpoint/remedy.h"

namespace quantscope {

namespace {

constexpr std::uint32_t end_signature = 0x06054b50, end64_signature = 0x06064b50, locator_signature = 0x07064b50;
constexpr std::uint32_t entry_signature = 0x02014b50, local_signature = 0x04034b50;
constexpr std::uint64_t end_size = 22, end64_size = 56, locator_size = 20, entry_size = 46, local_size = 30;
constexpr std::uint64_t record_limit = 500'000;
constexpr std::uint64_t in_extra_field = 0xffffffff; ///< a 32-bit size or offset that is given in 64 bits elsewhere

struct CentralDirectory {
    std::uint64_t offset = 0, size = 0, count = 0;
};

/// One line of the central directory.
struct Entry {
    std::string_view name;
    std::uint64_t compressed = 0, size = 0, local = 0;
    std::uint16_t flags = 0, method = 0;
    std::uint64_t length = 0; ///< of the line itself
};

class ZipReader {
public:
    explicit ZipReader(const MappedFile& file)
        : file_(file)
        , bytes_(file.bytes()) {}

    CentralDirectory central_directory() const {
        const std::uint64_t end = find_end();
        const auto disk = at<std::uint16_t>(end + 4), disk_of_directory = at<std::uint16_t>(end + 6);
        CentralDirectory directory{at<std::uint32_t>(end + 16), at<std::uint32_t>(end + 12),
                                   at<std::uint16_t>(end + 10)};
        if (disk != 0 && disk != 0xffff) fail("directory", "is spread over several disks; write the file again");
        if (disk_of_directory != disk) fail("directory", "is spread over several disks; write the file again");
        std::uint64_t limit = end;
        if (end >= locator_size && at<std::uint32_t>(end - locator_size) == locator_signature) {
            const auto end64 = at<std::uint64_t>(end - locator_size + 8);
            if (end64 > end - locator_size || end - locator_size - end64 < end64_size ||
                at<std::uint32_t>(end64) != end64_signature)
                fail("directory", "its 64-bit end record is not where it should be; download the file again");
            directory = {at<std::uint64_t>(end64 + 48), at<std::uint64_t>(end64 + 40), at<std::uint64_t>(end64 + 32)};
            limit = end64;
        }
        if (directory.offset > limit || directory.size > limit - directory.offset)
            fail("directory", "lies outside the file; download it again");
        if (directory.count > record_limit || directory.count > directory.size / entry_size)
            fail("directory", "counts " + std::to_string(directory.count) + " records, more than it has room for");
        return directory;
    }

    Entry entry_at(std::uint64_t position, std::uint64_t end) const {
        if (end - position < entry_size || at<std::uint32_t>(position) != entry_signature)
            fail("directory", "is damaged; download the file again");
        Entry entry;
        entry.flags = at<std::uint16_t>(position + 8);
        entry.method = at<std::uint16_t>(position + 10);
        entry.compressed = at<std::uint32_t>(position + 20);
        entry.size = at<std::uint32_t>(position + 24);
        const std::uint64_t name = at<std::uint16_t>(position + 28), extra = at<std::uint16_t>(position + 30);
        const std::uint64_t comment = at<std::uint16_t>(position + 32);
        entry.local = at<std::uint32_t>(position + 42);
        entry.length = entry_size + name + extra + comment;
        if (entry.length > end - position) fail("directory", "is damaged; download the file again");
        entry.name = view(position + entry_size, name);
        read_extra_fields(entry, position + entry_size + name, extra);
        return entry;
    }

    ZipRecord record_of(const Entry& entry, std::uint64_t directory) const {
        const std::string name(entry.name);
        if (entry.flags & 1) fail(name, "is encrypted; save the model without");
        if (entry.method != 0 || entry.compressed != entry.size)
            fail(name, "is compressed, which torch.save never does; save the model again with it");
        if (entry.local > directory || directory - entry.local < local_size ||
            at<std::uint32_t>(entry.local) != local_signature)
            fail(name, "its local header is not where the directory says; download the file again");
        const std::uint64_t name_length = at<std::uint16_t>(entry.local + 26);
        const std::uint64_t header = local_size + name_length + at<std::uint16_t>(entry.local + 28);
        if (header > directory - entry.local || entry.size > directory - entry.local - header)
            fail(name, "lies outside the file; download it again, it is incomplete");
        if (view(entry.local + local_size, name_length) != entry.name)
            fail(name, "has another name in its local header; the file is damaged");
        return {entry.local + header, entry.size};
    }

    [[noreturn]] void fail(const std::string& place, const std::string& problem) const {
        throw FormatError(file_.name(), place, with_remedy(problem));
    }

private:
    template <class Value>
    Value at(std::uint64_t position) const { // callers have checked the position
        Value value;
        std::memcpy(&value, bytes_.subspan(position, sizeof value).data(), sizeof value);
        return value;
    }

    std::string_view view(std::uint64_t position, std::uint64_t size) const {
        return {reinterpret_cast<const char*>(bytes_.data()) + position, size};
    }

    std::uint64_t find_end() const {
        // The end record is followed by a comment of at most 65,535 bytes that reaches exactly to the file's end.
        const std::uint64_t size = bytes_.size();
        for (std::uint64_t back = end_size; back <= std::min<std::uint64_t>(size, end_size + 0xffff); ++back)
            if (at<std::uint32_t>(size - back) == end_signature &&
                at<std::uint16_t>(size - back + 20) == back - end_size)
                return size - back;
        fail("directory", "is missing; the file is incomplete, download it again");
    }

    void read_extra_fields(Entry& entry, std::uint64_t position, std::uint64_t length) const {
        const std::uint64_t end = position + length;
        while (end - position >= 4) {
            const auto id = at<std::uint16_t>(position), size = at<std::uint16_t>(position + 2);
            position += 4;
            if (size > end - position) break;
            if (id == 1) {
                std::uint64_t field = position;
                for (std::uint64_t* value : {&entry.size, &entry.compressed, &entry.local}) {
                    if (*value != in_extra_field) continue;
                    if (position + size - field < 8) fail(std::string(entry.name), "has no 64-bit size; it is damaged");
                    *value = at<std::uint64_t>(field);
                    field += 8;
                }
            }
            position += size;
        }
    }

    const MappedFile& file_;
    std::span<const std::byte> bytes_;
};

void refuse_shared_bytes(std::vector<std::pair<ZipRecord, std::string_view>> records, const ZipReader& reader) {
    std::sort(records.begin(), records.end(), [](auto& a, auto& b) { return a.first.offset < b.first.offset; });
    std::uint64_t end = 0;
    for (const auto& [record, name] : records) {
        if (record.size == 0) continue;
        if (record.offset < end)
            reader.fail(std::string(name), "shares bytes with another record; the file is damaged");
        end = record.offset + record.size;
    }
}

} // namespace

ZipDirectory::ZipDirectory(const MappedFile& file)
    : file_(file) {
    const ZipReader reader(file);
    if (file.size() < end_size) reader.fail("directory", "is missing; the file is incomplete, download it again");
    const CentralDirectory directory = reader.central_directory();
    const std::uint64_t end = directory.offset + directory.size;
    std::uint64_t position = directory.offset;
    std::vector<std::pair<ZipRecord, std::string_view>> in_order;
    for (std::uint64_t i = 0; i < directory.count; ++i) {
        const Entry entry = reader.entry_at(position, end);
        position += entry.length;
        const ZipRecord record = reader.record_of(entry, directory.offset);
        if (!records_.emplace(entry.name, record).second)
            reader.fail(std::string(entry.name), "occurs twice; the file is damaged");
        in_order.emplace_back(record, entry.name);
        if (i == 0) folder_ = entry.name.substr(0, entry.name.find('/'));
    }
    refuse_shared_bytes(std::move(in_order), reader);
}

const ZipRecord* ZipDirectory::find(const std::string& name) const {
    const auto found = records_.find(name);
    return found == records_.end() ? nullptr : &found->second;
}

std::string_view ZipDirectory::text(const ZipRecord& record) const {
    return {reinterpret_cast<const char*>(file_.bytes().data()) + record.offset, record.size};
}

} // namespace quantscope
