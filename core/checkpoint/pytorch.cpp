// Reads what torch.save writes: today a zip archive with the pickle in data.pkl and one stored record per storage,
// earlier ("legacy") five pickles in a row followed by the storages' bytes. Storages are mapped where they lie.
// Source: torch/serialization.py.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/checkpoint/reader.h"
#include "core/checkpoint/remedy.h"
#include "core/checkpoint/state_dict.h"
#include "core/checkpoint/zip_directory.h"

namespace quantscope {

namespace {

/// The pickled number 0x1950a86a20f9469cfc6c with which the legacy format begins, low byte first.
constexpr std::string_view legacy_magic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);

std::string_view text_of(const MappedFile& file) {
    return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

Contents read_zip(const MappedFile& file) {
    const ZipDirectory zip(file);
    const std::string folder = zip.folder() + "/";
    const ZipRecord* data = zip.find(folder + "data.pkl");
    if (!data)
        throw FormatError(file.name(), "data.pkl",
                          with_remedy("is not in this archive, so torch.save did not write it"));
    if (const ZipRecord* order = zip.find(folder + "byteorder"); order && zip.text(*order) != "little")
        throw FormatError(file.name(), "byteorder", "is not little; save the model again on a little-endian machine");
    const Pickle pickle = read_pickle(zip.text(*data), file.name(), "data.pkl");
    return read_state_dict(pickle, file.name(), "data.pkl", [&](std::string_view key, const std::string& tensor) {
        const ZipRecord* record = zip.find(folder + "data/" + std::string(key));
        if (!record)
            throw FormatError(file.name(), tensor,
                              "its storage " + printable(key, 60) + " is not in the archive; download it again");
        return StorageExtent{record->offset, record->size};
    });
}

/// The bytes behind the legacy format's pickles: for each key in order its number of elements, then these.
class LegacyStorages {
public:
    LegacyStorages(const Pickle& object, const Pickle& keys, std::uint64_t position, const MappedFile& file) {
        collect_types(object, file);
        const PickleValue& list = keys[keys.top];
        if (list.kind != PickleKind::list)
            throw FormatError(file.name(), "storage keys", with_remedy("are not a list"));
        for (PickleRef ref : list.children) {
            if (keys[ref].kind != PickleKind::text)
                throw FormatError(file.name(), "storage keys", with_remedy("hold something that is no text"));
            position = add(keys[ref].text, position, file);
        }
    }

    StorageExtent find(std::string_view key, const std::string& tensor, const MappedFile& file) const {
        const auto found = extents_.find(key);
        if (found == extents_.end())
            throw FormatError(file.name(), tensor,
                              "its storage " + printable(key, 60) + " is not in the file; download it again");
        return found->second;
    }

private:
    void collect_types(const Pickle& object, const MappedFile& file) {
        for (const PickleValue& value : object.values) {
            if (value.kind != PickleKind::storage) continue;
            const auto [entry, is_new] = types_.emplace(value.text, value.name);
            if (!is_new && entry->second != value.name)
                throw FormatError(file.name(), "storage " + std::string(value.text),
                                  "is said to have two element types; the file is damaged");
        }
    }

    std::uint64_t add(std::string_view key, std::uint64_t position, const MappedFile& file) {
        const std::string place = "storage " + std::string(key);
        const auto type = types_.find(key);
        const auto dtype = type == types_.end() ? std::nullopt : dtype_of_storage(type->second);
        if (!dtype) throw FormatError(file.name(), place, "has no known element type, so its extent cannot be checked");
        if (file.size() - position < 8) throw FormatError(file.name(), place, "is missing; download the file again");
        std::int64_t elements = 0;
        std::memcpy(&elements, file.bytes().data() + position, sizeof elements);
        position += 8;
        const auto bytes = elements < 0 ? std::nullopt : bytes_of(*dtype, static_cast<std::uint64_t>(elements));
        if (!bytes || *bytes > file.size() - position)
            throw FormatError(file.name(), place, "lies outside the file; download it again, it is incomplete");
        if (!extents_.emplace(key, StorageExtent{position, *bytes}).second)
            throw FormatError(file.name(), place, "occurs twice; the file is damaged");
        return position + *bytes;
    }

    std::unordered_map<std::string_view, std::string_view> types_;
    std::unordered_map<std::string_view, StorageExtent> extents_;
};

bool is_magic(const Pickle& pickle) {
    const PickleValue& top = pickle[pickle.top];
    return top.kind == PickleKind::bytes && top.text == legacy_magic;
}

void check_system(const Pickle& system, const MappedFile& file) {
    const PickleValue& dict = system[system.top];
    if (dict.kind != PickleKind::dict) throw FormatError(file.name(), "system", "is not a dict; the file is damaged");
    for (std::size_t i = 0; i + 1 < dict.children.size(); i += 2) {
        const PickleValue &key = system[dict.children[i]], &value = system[dict.children[i + 1]];
        if (key.text == "little_endian" && value.kind == PickleKind::boolean && value.number == 0)
            throw FormatError(file.name(), "little_endian", "is false; save the model again on such a machine");
    }
}

Contents read_legacy(const MappedFile& file) {
    const std::string_view bytes = text_of(file);
    std::size_t position = 0;
    const auto next = [&](const char* place) {
        Pickle pickle = read_pickle(bytes.substr(position), file.name(), place);
        position += pickle.size;
        return pickle;
    };
    const Pickle magic = next("pickle");
    if (!is_magic(magic)) {
        // A plain pickle has no storages; reading on names what it would have imported.
        read_state_dict(
            magic, file.name(), "pickle", [&](std::string_view, const std::string& tensor) -> StorageExtent {
                throw FormatError(file.name(), tensor, "has no storage in this file; save the model with torch.save");
            });
        throw FormatError(file.name(), "pickle", "was not written by torch.save; save the model again with it");
    }
    const Pickle protocol = next("protocol");
    if (protocol[protocol.top].kind != PickleKind::integer || protocol[protocol.top].number != 1001)
        throw FormatError(file.name(), "protocol", "is not 1001, the only one there has been; the file is damaged");
    check_system(next("system"), file);
    const Pickle object = next("object"), keys = next("storage keys");
    const LegacyStorages storages(object, keys, position, file);
    return read_state_dict(object, file.name(), "object", [&](std::string_view key, const std::string& tensor) {
        return storages.find(key, tensor, file);
    });
}

} // namespace

bool looks_like_pytorch(std::span<const std::byte> head, std::uint64_t) {
    if (head.size() < 4) return false;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
    return std::memcmp(head.data(), "PK\x03\x04", 4) == 0 || (at(0) == 0x80 && at(1) >= 2 && at(1) <= 5);
}

Contents read_pytorch(const MappedFile& file) {
    if (text_of(file).starts_with("PK")) return read_zip(file);
    if (file.size() > 262 && text_of(file).substr(257, 5) == "ustar")
        throw FormatError(file.name(), "",
                          "is a tar archive of the first PyTorch versions; save it again with today's");
    return read_legacy(file);
}

} // namespace quantscope
