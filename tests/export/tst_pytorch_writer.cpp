// The .pt writer instruction by instruction, its archive byte by byte, and files with hostile names.
#include <QtTest>

#include "core/base/crc32.h"
#include "core/base/errors.h"
#include "core/checkpoint/pickle.h"
#include "core/checkpoint/zip_directory.h"
#include "core/export/pytorch_writer.h"
#include "core/export/zip_writer.h"
#include "models.h"

using namespace quantscope;
using namespace quantscope::testing;
using namespace std::string_literals;

namespace {

TensorToWrite shaped(const std::string& name, DType dtype, std::vector<std::int64_t> shape) {
    return {name, dtype, std::move(shape), {}};
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class Number>
Number number_at(const std::string& content, std::size_t at) {
    Number number{};
    std::memcpy(&number, content.data() + at, sizeof number);
    return number;
}

} // namespace

class TestPytorchWriter : public QObject {
    Q_OBJECT

    QTemporaryDir temporary_, more_;
    fs::path root_ = temporary_.path().toStdString();

private Q_SLOTS:
    /// Written by hand from pickletools' description; torch.load opens it (see check_dit_exports.py).
    void the_pickle_is_this_one() {
        const std::vector<TensorToWrite> tensors{shaped("w", DType::F16, {2, 300}), shaped("f", DType::F8_E4M3, {3})};
        const std::vector<std::string> containers{"ema"};
        const std::string expected = "\x80\x02"                                // protocol 2
                                     "}X\x03\0\0\0ema"                         // {"ema":
                                     "ccollections\nOrderedDict\n)R("          // OrderedDict() of
                                     "X\x01\0\0\0w"                            // "w":
                                     "ctorch._utils\n_rebuild_tensor_v2\n(("   //
                                     "X\x07\0\0\0storagectorch\nHalfStorage\n" //
                                     "X\x01\0\0\0"
                                     "0"
                                     "X\x03\0\0\0cpu"
                                     "M\x58\x02" // key, place, 600 elements
                                     "tQ"
                                     "K\0"
                                     "(K\x02M\x2c\x01t"
                                     "(M\x2c\x01K\x01t" // offset, shape, strides
                                     "\x89"
                                     "ccollections\nOrderedDict\n)RtR"       //
                                     "X\x01\0\0\0f"                          // "f":
                                     "ctorch._utils\n_rebuild_tensor_v3\n((" //
                                     "X\x07\0\0\0storagectorch.storage\nUntypedStorage\n"
                                     "X\x01\0\0\0"
                                     "1"
                                     "X\x03\0\0\0cpu"
                                     "K\x03" // 3 bytes
                                     "tQ"
                                     "K\0"
                                     "(K\x03t"
                                     "(K\x01t" //
                                     "\x89"
                                     "ccollections\nOrderedDict\n)R" //
                                     "ctorch\nfloat8_e4m3fn\ntR"     //
                                     "us."s;                         // set all, set "ema", stop
        QCOMPARE(QByteArray::fromStdString(state_dict_pickle(tensors, containers)).toHex(' '),
                 QByteArray::fromStdString(expected).toHex(' '));
    }

    void a_large_storage_is_counted_in_64_bits() {
        const std::vector<TensorToWrite> tensors{shaped("w", DType::U8, {3'000'000'000})};
        const std::string pickle = state_dict_pickle(tensors, {});
        QVERIFY(pickle.find("\x8a\x08\x00\x5e\xd0\xb2\0\0\0\0"s) != std::string::npos); // LONG1
        const Pickle read = read_pickle(pickle, "file", "data.pkl");
        QCOMPARE(read.tensors.at(0).shape, std::vector<std::int64_t>{3'000'000'000});
        QCOMPARE(read.size, pickle.size());
    }

    void every_type_of_torch_comes_back_as_it_was() {
        std::vector<TensorToWrite> tensors;
        std::vector<std::vector<std::byte>> values;
        for (int type = 0; type <= static_cast<int>(DType::F6_E3M2); ++type) {
            const auto dtype = static_cast<DType>(type);
            if (!fits_pytorch(dtype)) continue;
            std::vector<std::byte> bytes(6 * facts(dtype).block_bytes);
            for (std::size_t i = 0; i < bytes.size(); ++i)
                bytes[i] = static_cast<std::byte>(i % 2); // also fit for bool
            values.push_back(std::move(bytes));
            tensors.push_back(tensor_of_bytes(std::string(name(dtype)), dtype, {2, 3}, values.back()));
        }
        QCOMPARE(tensors.size(), std::size_t(21));
        tensors.push_back(tensor_of_bytes("empty", DType::F32, {3, 0}, {}));
        const float one = 1;
        tensors.push_back(tensor_of_bytes("scalar", DType::F32, {}, std::as_bytes(std::span(&one, 1))));
        Progress progress;
        const fs::path file = kept_place("types.pt");
        const std::uint64_t bytes = write_pytorch(file, tensors, {}, "{}", progress);
        QCOMPARE(bytes, std::uint64_t(fs::file_size(file)));
        const auto again = Checkpoint::open(file);
        QCOMPARE(again->tensors().size(), tensors.size());
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const TensorInfo& tensor = again->tensors()[i];
            QCOMPARE(tensor.name, tensors[i].name);
            QCOMPARE(int(tensor.dtype), int(tensors[i].dtype));
            QCOMPARE(tensor.shape, tensors[i].shape);
            QVERIFY(tensor.strides.empty());
            QVERIFY(tensor.bytes == 0 || tensor.offset % 64 == 0);
            if (i >= values.size()) continue;
            const auto raw = again->raw(tensor);
            QVERIFY(std::equal(raw.begin(), raw.end(), values[i].begin(), values[i].end()));
        }
    }

    void names_of_any_kind_stay_names() {
        const std::vector<std::string> names{"a\nb",         "ema",      "__proto__",    "../../etc/passwd",
                                             "ünïcödé.重み", "quote\"'", "nul\0inside"s, std::string(70'000, 'x'),
                                             "data.pkl",     " "};
        std::vector<TensorToWrite> tensors;
        unsigned seed = 0;
        for (const std::string& name : names)
            tensors.push_back(random_tensor(name, {2, 2}, ++seed));
        Progress progress;
        const fs::path file = root_ / "names.pt";
        const std::vector<std::string> containers{"model", "state_dict"};
        write_pytorch(file, tensors, containers, "", progress);
        QCOMPARE(names_in(root_), std::vector<std::string>{"names.pt"}); // nothing lies elsewhere
        const auto again = Checkpoint::open(file);
        QCOMPARE(again->container(), std::string("model.state_dict"));
        for (std::size_t i = 0; i < names.size(); ++i) {
            QCOMPARE(again->tensors()[i].name, names[i]);
            QCOMPARE(again->read(again->tensors()[i]), random_values(4, static_cast<unsigned>(i + 1)));
        }
        tensors.push_back(random_tensor("ema", {1, 1}, 1));
        QVERIFY_THROWS_EXCEPTION(FormatError, write_pytorch(root_ / "twice.pt", tensors, {}, "", progress));
        QCOMPARE(names_in(root_), std::vector<std::string>{"names.pt"});
    }

    void a_tensor_that_gives_another_number_of_bytes_is_refused_data() {
        QTest::addColumn<int>("given");
        QTest::newRow("fewer") << 15;
        QTest::newRow("more") << 17;
    }
    void a_tensor_that_gives_another_number_of_bytes_is_refused() {
        QFETCH(int, given);
        const std::vector<std::byte> bytes(static_cast<std::size_t>(given));
        Progress progress;
        QVERIFY_THROWS_EXCEPTION(
            FormatError,
            write_pytorch(root_ / "short.pt", {tensor_of_bytes("w", DType::F32, {4}, bytes)}, {}, "", progress));
        QVERIFY(!fs::exists(root_ / "short.pt"));
    }

    void checksums_are_those_of_zip() {
        QCOMPARE(crc32(bytes_of("123456789")), 0xcbf43926u); // the check value of every catalogue
        QCOMPARE(crc32({}), 0u);
        const std::string text(1000, 'q');
        QCOMPARE(crc32(bytes_of(text).subspan(13), crc32(bytes_of(text).first(13))), crc32(bytes_of(text)));
    }

    void an_archive_has_aligned_records_and_true_checksums_data() {
        QTest::addColumn<quint64>("limit");
        QTest::newRow("32 bits") << quint64(ZipWriter::no_32_bits);
        QTest::newRow("64 bits for large records") << quint64(100);
        QTest::newRow("64 bits for all") << quint64(0);
    }
    void an_archive_has_aligned_records_and_true_checksums() {
        QFETCH(quint64, limit);
        const fs::path path = kept_place("archive" + std::to_string(limit) + ".zip");
        const std::map<std::string, std::string> records{
            {"a/first", "123456789"}, {"a/long", std::string(500, 'y')}, {"a/none", ""}};
        AtomicFile file(path);
        ZipWriter zip(file, limit);
        for (const auto& [name, text] : records)
            zip.add(name, bytes_of(text));
        zip.finish();
        file.commit();
        const MappedFile mapped(path);
        const ZipDirectory directory(mapped);
        QCOMPARE(directory.folder(), std::string("a"));
        const std::string content = content_of(path);
        for (const auto& [name, text] : records) {
            const ZipRecord* record = directory.find(name);
            QVERIFY(record);
            QCOMPARE(directory.text(*record), std::string_view(text));
            QCOMPARE(record->offset % ZipWriter::alignment, std::uint64_t(0));
            const std::size_t behind = record->offset + record->size; // the descriptor
            QCOMPARE(number_at<std::uint32_t>(content, behind), 0x08074b50u);
            QCOMPARE(number_at<std::uint32_t>(content, behind + 4), crc32(bytes_of(text)));
        }
    }

private:
    /// Where check_dit_exports.py looks when it asks for files, else a temporary place.
    fs::path kept_place(const std::string& name) const {
        const auto kept = qEnvironmentVariable("QUANTSCOPE_EXPORT_FOLDER");
        const fs::path folder = (kept.isEmpty() ? more_.path() : kept).toStdString();
        fs::create_directories(folder);
        return folder / name;
    }
};

QTEST_APPLESS_MAIN(TestPytorchWriter)
#include "tst_pytorch_writer.moc"
