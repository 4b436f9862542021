// The pieces of which hostile files are made, byte by byte: little-endian numbers, safetensors, GGUF, zip records and
// pickle instructions. Also the check that every attack shares: one line of error that names file, place and problem.
#pragma once

#include <QTemporaryDir>
#include <QtTest>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/base/errors.h"
#include "core/checkpoint/checkpoint.h"

namespace quantscope::testing {

template <class Number>
std::string little(Number number) {
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}
inline std::string u16(std::uint64_t value) { return little(static_cast<std::uint16_t>(value)); }
inline std::string u32(std::uint64_t value) { return little(static_cast<std::uint32_t>(value)); }
inline std::string u64(std::uint64_t value) { return little(value); }

inline std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

inline std::string safetensors(const std::string& header, std::size_t data_bytes) {
    return u64(header.size()) + header + std::string(data_bytes, '\1');
}

// --- GGUF -----------------------------------------------------------------------------------------------------------

inline std::string gguf_text(const std::string& text) { return u64(text.size()) + text; }
inline std::string gguf_entry(const std::string& key, std::uint32_t type, const std::string& value) {
    return gguf_text(key) + u32(type) + value;
}
/// \param shape  fastest dimension first, as in the file
inline std::string gguf_tensor(const std::string& name, const std::vector<std::uint64_t>& shape, std::uint32_t type,
                               std::uint64_t offset) {
    std::string info = gguf_text(name) + u32(shape.size());
    for (auto dimension : shape)
        info += u64(dimension);
    return info + u32(type) + u64(offset);
}
inline std::string gguf(const std::vector<std::string>& entries, const std::vector<std::string>& tensors,
                        std::size_t data_bytes, std::uint32_t version = 3) {
    std::string file = "GGUF" + u32(version) + u64(tensors.size()) + u64(entries.size());
    for (const auto& entry : entries)
        file += entry;
    for (const auto& tensor : tensors)
        file += tensor;
    file.resize((file.size() + 31) / 32 * 32, '\0');
    return file + std::string(data_bytes, '\1');
}

// --- pickle and zip -------------------------------------------------------------------------------------------------

inline std::string pickle_text(const std::string& text) { return "X" + u32(text.size()) + text; }
inline std::string pickle_number(std::int32_t number) { return "J" + little(number); }
inline std::string pickle_long(std::int64_t number) { return std::string("\x8a\x08") + little(number); }
inline std::string pickle_global(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}
inline std::string pickle_tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string pickle_storage(const std::string& key, std::int64_t elements,
                                  const std::string& type = "FloatStorage") {
    return pickle_tuple(pickle_text("storage") + pickle_global("torch", type) + pickle_text(key) + pickle_text("cpu") +
                        pickle_long(elements)) +
           "Q";
}
/// A float32 tensor [rows, columns] of the storage "0".
inline std::string pickle_tensor(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0,
                                 std::int64_t row_stride = -1, const std::string& storage = pickle_storage("0", 6)) {
    return pickle_global("torch._utils", "_rebuild_tensor_v2") +
           pickle_tuple(storage + pickle_long(offset) + pickle_tuple(pickle_long(rows) + pickle_long(columns)) +
                        pickle_tuple(pickle_long(row_stride < 0 ? columns : row_stride) + pickle_long(1)) + "\x89" +
                        "}") +
           "R";
}
inline std::string pickle_dict(const std::string& items) { return "}(" + items + "u"; }
inline std::string pickle(const std::string& value) { return "\x80\x02" + value + "."; }

struct ZipMember {
    std::string name, data;
    std::uint16_t method = 0, flags = 0;
    std::int64_t claimed_size = -1, claimed_offset = -1; ///< instead of the true ones, in the directory
    std::string local_name = {};                         ///< instead of the name, when not empty
};

inline std::string zip(const std::vector<ZipMember>& members, std::int64_t claimed_count = -1) {
    std::string file, directory;
    for (const ZipMember& member : members) {
        const std::uint64_t offset =
            member.claimed_offset < 0 ? file.size() : static_cast<std::uint64_t>(member.claimed_offset);
        const std::uint64_t size =
            member.claimed_size < 0 ? member.data.size() : static_cast<std::uint64_t>(member.claimed_size);
        const std::string& local = member.local_name.empty() ? member.name : member.local_name;
        const std::string common = u16(member.flags) + u16(member.method) + u32(0) + u32(0);
        file +=
            "PK\x03\x04" + u16(20) + common + u32(size) + u32(size) + u16(local.size()) + u16(0) + local + member.data;
        directory += "PK\x01\x02" + u16(20) + u16(20) + common + u32(size) + u32(size) + u16(member.name.size()) +
                     u16(0) + u16(0) + u16(0) + u16(0) + u32(0) + u32(offset) + member.name;
    }
    const std::uint64_t count = claimed_count < 0 ? members.size() : static_cast<std::uint64_t>(claimed_count);
    return file + directory + "PK\x05\x06" + u16(0) + u16(0) + u16(count) + u16(count) + u32(directory.size()) +
           u32(file.size()) + u16(0);
}
/// torch.save's archive of this pickle, with one storage of six floats.
inline std::string torch_zip(const std::string& value) {
    return zip({{"archive/data.pkl", pickle(value)}, {"archive/data/0", std::string(24, '\1')}});
}

/// The legacy format's five pickles, then what follows them.
inline std::string torch_legacy(const std::string& object, const std::string& keys, const std::string& storages) {
    return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle("M" + u16(1001)) +
           pickle(pickle_dict(pickle_text("little_endian") + "\x88")) + pickle(object) + pickle(keys) + storages;
}

// --- the check ------------------------------------------------------------------------------------------------------

/// A hostile file and the error that it must meet.
struct Attack {
    std::string bytes;
    std::string place; ///< tensor or key that the error names
    std::string words; ///< that the error holds
};

using AttackMaker = Attack (*)();

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!stream.flush()) qFatal("a test's file cannot be written");
}

/// Opens what the attack made and compares the error with what it should be.
inline void expect_refusal(const Attack& attack, const std::filesystem::path& file) {
    write_file(file, attack.bytes);
    std::string error;
    QElapsedTimer timer;
    timer.start();
    try {
        Checkpoint::open(file);
    } catch (const Error& caught) {
        error = caught.what();
        QCOMPARE(QString::fromStdString(caught.file()), QString::fromStdString(file.string()));
        QCOMPARE(QString::fromStdString(caught.place()), QString::fromStdString(attack.place));
    }
    QVERIFY2(timer.elapsed() < 1000, qPrintable(QString("took %1 ms").arg(timer.elapsed())));
    QVERIFY2(!error.empty(), "the file was accepted");
    QVERIFY2(error.find(attack.words) != std::string::npos, error.c_str());
    QVERIFY2(error.find_first_of("\n\r\x1b") == std::string::npos, "the error is more than one plain line");
    QVERIFY2(error.find("; ") != std::string::npos, ("no remedy in: " + error).c_str());
    QVERIFY2(error.size() < 1000, "the error is too long for a line");
}

} // namespace quantscope::testing
