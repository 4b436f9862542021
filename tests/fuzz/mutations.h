// Seeded damage to a small checkpoint and the judgement of what the readers make of it; tst_mutations runs a few
// thousand, tst_mutations_slow the full count. QUANTSCOPE_MUTATIONS sets the count of both.
#pragma once

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <fstream>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/errors.h"
#include "core/checkpoint/checkpoint.h"
#include "tests/fuzz/independent_reader.h"

namespace quantscope::testing {

struct Format {
    const char* name;
    const char* seed; ///< file in goldens/checkpoint
    Reading (*read)(const std::string& bytes);
};
inline const Format formats[] = {{"safetensors", "seed.safetensors", independent_safetensors},
                                 {"gguf", "seed.gguf", independent_gguf},
                                 {"pytorch zip", "seed_zip.pt", independent_pytorch},
                                 {"pytorch legacy", "seed_legacy.pt", independent_pytorch}};

inline std::string bytes_of_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Resident memory now, bytes.
inline std::int64_t resident_now() {
    std::ifstream status("/proc/self/statm");
    std::int64_t total = 0, resident = 0;
    status >> total >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}
/// The most resident memory that this process ever had, bytes.
inline std::int64_t peak_so_far() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1024;
}

class Mutator {
public:
    Mutator(std::string seed, std::vector<LengthField> lengths, unsigned number)
        : seed_(std::move(seed))
        , lengths_(std::move(lengths))
        , random_(number) {}

    std::string next() {
        std::string bytes = seed_;
        for (int changes = 1 + pick(3); changes > 0; --changes) {
            const int kind = pick(4);
            if (kind == 0)
                set_length(bytes);
            else if (kind == 1 && seed_.compare(8, 1, "{") == 0)
                set_json_number(bytes);
            else
                bytes[place(bytes.size())] ^= static_cast<char>(1 << pick(8));
        }
        return bytes;
    }

private:
    int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
    std::size_t place(std::size_t below) { return random_() % below; }

    void set_length(std::string& bytes) {
        static const std::uint64_t values[] = {0, ~0ull, 1ull << 31, 1ull << 63};
        const LengthField field = lengths_[place(lengths_.size())];
        std::uint64_t value = values[pick(4)];
        if (field.width < 8 && value == 1ull << 63) value = 1ull << (8 * field.width - 1); // the sign bit it has
        for (std::size_t i = 0; i < field.width && field.position + i < bytes.size(); ++i, value >>= 8)
            bytes[field.position + i] = static_cast<char>(value);
    }

    /// Replaces a number of a JSON header and makes the header's length fit again.
    void set_json_number(std::string& bytes) {
        static const char* const values[] = {"0", "-1", "2147483648", "9223372036854775808"};
        std::size_t begin = 8 + place(bytes.size() - 8);
        begin = bytes.find_first_of("0123456789", begin);
        if (begin == std::string::npos || begin > bytes.rfind('}')) return;
        const std::size_t end = bytes.find_first_not_of("0123456789", begin);
        const std::string value = values[pick(4)];
        bytes.replace(begin, end - begin, value);
        std::uint64_t length = 0;
        std::memcpy(&length, bytes.data(), sizeof length);
        length += value.size() - (end - begin);
        std::memcpy(bytes.data(), &length, sizeof length);
    }

    std::string seed_;
    std::vector<LengthField> lengths_;
    std::mt19937_64 random_;
};

inline bool same_values(std::span<const float> a, std::span<const float> b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
    return true;
}

/// What differs between the checkpoint and the other reading; empty when nothing does.
inline std::string difference(const Checkpoint& checkpoint, const Reading& reading) {
    if (checkpoint.tensors().size() != reading.tensors.size()) return "another number of tensors";
    for (const TensorInfo& tensor : checkpoint.tensors()) {
        const auto found = reading.tensors.find(tensor.name);
        if (found == reading.tensors.end()) return tensor.name + " is not in the other reading";
        const ReadTensor& other = found->second;
        if (name(tensor.dtype) != other.dtype) return tensor.name + " has another dtype: " + other.dtype;
        if (tensor.shape != other.shape) return tensor.name + " has another shape";
        if (tensor.strides.empty()) {
            const auto raw = checkpoint.raw(tensor);
            const std::string_view bytes(reinterpret_cast<const char*>(raw.data()), raw.size());
            if (bytes != other.bytes) return tensor.name + " has other bytes";
        }
        if (!facts(tensor.dtype).decoded) continue;
        const std::vector<float> values = checkpoint.read(tensor); // runs the decoder in any case
        if (other.decoded && !same_values(values, other.values)) return tensor.name + " has other values";
    }
    return {};
}

class MutationTest : public QObject {
    Q_OBJECT
public:
    explicit MutationTest(int count)
        : count_(qEnvironmentVariableIsSet("QUANTSCOPE_MUTATIONS")
                     ? qEnvironmentVariableIntValue("QUANTSCOPE_MUTATIONS")
                     : count) {}

private Q_SLOTS:
    void damaged_files_are_refused_or_read_as_they_are_data() {
        QTest::addColumn<int>("format");
        for (int i = 0; i < 4; ++i)
            QTest::newRow(formats[i].name) << i;
    }

    void damaged_files_are_refused_or_read_as_they_are() {
        QFETCH(int, format);
        const Format& tried = formats[format];
        const std::filesystem::path seed = std::filesystem::path(QUANTSCOPE_GOLDENS) / "checkpoint" / tried.seed;
        const std::string bytes = bytes_of_file(seed);
        const Reading whole = tried.read(bytes);
        QCOMPARE(QString::fromStdString(difference(*Checkpoint::open(seed), whole)), QString());
        QVERIFY(!whole.lengths.empty());
        const std::int64_t before = resident_now();
        const std::filesystem::path file = folder_.filePath("mutant" + QString(seed.extension().c_str())).toStdString();
        Mutator mutator(bytes, whole.lengths, 20240607u + static_cast<unsigned>(format));
        int refused = 0, read = 0, unjudged = 0;
        std::int64_t largest = 0;
        qint64 slowest = 0;
        for (int i = 0; i < count_; ++i) {
            const std::string mutant = mutator.next();
            std::ofstream(file, std::ios::binary | std::ios::trunc) << mutant << std::flush;
            QElapsedTimer timer;
            timer.start();
            std::string problem;
            try {
                const auto checkpoint = Checkpoint::open(file);
                slowest = std::max(slowest, timer.elapsed());
                problem = judge(*checkpoint, tried, mutant, unjudged);
                ++read;
            } catch (const Error& error) {
                slowest = std::max(slowest, timer.elapsed());
                if (std::string(error.what()).find('\n') != std::string::npos) problem = "an error of several lines";
                ++refused;
            }
            // The peak only grows, so that this bounds what any one file took.
            largest = std::max(largest, peak_so_far() - before);
            QVERIFY2(problem.empty(), qPrintable(QString("mutation %1: %2").arg(i).arg(problem.c_str())));
            QVERIFY2(slowest <= 1000, qPrintable(QString("mutation %1 took %2 ms").arg(i).arg(slowest)));
            QVERIFY2(largest <= 256'000'000, qPrintable(QString("mutation %1 took %2 bytes").arg(i).arg(largest)));
        }
        qInfo("%s: %d refused, %d read alike, %d of these not judged; slowest %lld ms, most memory %lld kB", tried.name,
              refused, read, unjudged, static_cast<long long>(slowest), static_cast<long long>(largest / 1000));
        QVERIFY2(unjudged * 10 <= read, "the independent reading fails on too many accepted files");
        QVERIFY2(refused > count_ / 10, "hardly anything is refused: the mutations miss");
    }

private:
    static std::string judge(const Checkpoint& checkpoint, const Format& format, const std::string& mutant,
                             int& unjudged) {
        Reading other;
        try {
            other = format.read(mutant);
        } catch (const std::exception&) { // uses something that the simple reader does not know; still decoded below
            ++unjudged;
            for (const TensorInfo& tensor : checkpoint.tensors())
                if (facts(tensor.dtype).decoded) checkpoint.read(tensor);
            return {};
        }
        return difference(checkpoint, other);
    }

    QTemporaryDir folder_;
    int count_;
};

} // namespace quantscope::testing
