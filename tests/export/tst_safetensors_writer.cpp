// The writer against the format's description and against our reader.
#include <QtTest>
#include <cstring>

#include "core/base/errors.h"
#include "models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

TensorToWrite of_bytes(const std::string& name, DType dtype, std::vector<std::int64_t> shape,
                       const std::string& bytes) {
    return tensor_of_bytes(name, dtype, std::move(shape), std::as_bytes(std::span(bytes.data(), bytes.size())));
}

} // namespace

class TestSafetensorsWriter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        file_ = fs::path(folder_.path().toStdString()) / "file.safetensors";
        fs::remove(file_);
    }

    void a_small_file_has_exactly_the_bytes_of_the_format() {
        const std::string bytes("\x00\x00\x80\x3f\x07", 5);
        std::vector<TensorToWrite> tensors;
        tensors.push_back(of_bytes("b", DType::U8, {1}, bytes.substr(4)));
        tensors.push_back(of_bytes("a", DType::F32, {1, 1}, bytes.substr(0, 4)));
        // The strings above must outlive the write; a copy of each does.
        const std::string one = bytes.substr(0, 4), seven = bytes.substr(4);
        tensors[0] = of_bytes("b", DType::U8, {1}, seven);
        tensors[1] = of_bytes("a", DType::F32, {1, 1}, one);
        Progress progress;
        write_safetensors(file_, std::move(tensors), {{"format", "pt"}}, progress);
        std::string header = R"({"__metadata__":{"format":"pt"},)"
                             R"("a":{"data_offsets":[0,4],"dtype":"F32","shape":[1,1]},)"
                             R"("b":{"data_offsets":[4,5],"dtype":"U8","shape":[1]}})";
        header.resize((header.size() + 7) / 8 * 8, ' ');
        const std::uint64_t length = header.size();
        QCOMPARE(content_of(file_), std::string(reinterpret_cast<const char*>(&length), 8) + header + bytes);
    }

    void every_tensor_starts_at_a_multiple_of_its_elements_size() {
        const std::string bytes(64, 'x');
        std::vector<TensorToWrite> tensors;
        const std::pair<DType, int> kinds[] = {{DType::U8, 3},  {DType::F64, 1},    {DType::BF16, 5},
                                               {DType::F32, 3}, {DType::I64, 2},    {DType::BOOL, 1},
                                               {DType::F16, 1}, {DType::F8_E4M3, 7}};
        static std::vector<std::string> kept; // outlives the write
        kept.clear();
        kept.reserve(8);
        for (const auto& [dtype, count] : kinds) {
            kept.push_back(bytes.substr(0, std::size_t(count) * facts(dtype).block_bytes));
            tensors.push_back(of_bytes(std::string(name(dtype)), dtype, {count}, kept.back()));
        }
        Progress progress;
        write_safetensors(file_, std::move(tensors), {}, progress);
        const auto checkpoint = Checkpoint::open(file_);
        QCOMPARE(checkpoint->tensors().size(), std::size_t(8));
        for (const TensorInfo& tensor : checkpoint->tensors())
            QCOMPARE(tensor.offset % facts(tensor.dtype).block_bytes, std::uint64_t(0));
    }

    void rows_are_rounded_to_the_dtype_asked_for_data() {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<float>("written");
        QTest::addColumn<float>("expected");
        QTest::newRow("float32") << int(DType::F32) << 1.0001f << 1.0001f;
        QTest::newRow("float16") << int(DType::F16) << 1.0001f << 1.0f;
        QTest::newRow("float16 up") << int(DType::F16) << 1.0006f << 1.0009765625f;
        QTest::newRow("bfloat16") << int(DType::BF16) << 1.006f << 1.0078125f;
        QTest::newRow("bfloat16 large") << int(DType::BF16) << 1e38f << 0x1.2cp126f;
        QTest::newRow("float16 infinity stays") << int(DType::F16) << INFINITY << INFINITY;
    }
    void rows_are_rounded_to_the_dtype_asked_for() {
        QFETCH(int, dtype);
        QFETCH(float, written);
        QFETCH(float, expected);
        std::vector<TensorToWrite> tensors;
        tensors.push_back(
            tensor_of_rows("w", DType(dtype), {3, 1}, [&](std::int64_t, std::int64_t, std::span<float> out) {
                std::fill(out.begin(), out.end(), written);
            }));
        Progress progress;
        write_safetensors(file_, std::move(tensors), {}, progress);
        const auto checkpoint = Checkpoint::open(file_);
        QCOMPARE(checkpoint->at("w").dtype, DType(dtype));
        QCOMPARE(checkpoint->read(checkpoint->at("w")), std::vector<float>(3, expected));
    }

    void a_finite_value_that_does_not_fit_float16_is_an_error() {
        std::vector<TensorToWrite> tensors;
        tensors.push_back(tensor_of_rows("w", DType::F16, {2, 1}, [](std::int64_t, std::int64_t, std::span<float> out) {
            std::fill(out.begin(), out.end(), 70000.0f);
        }));
        Progress progress;
        QVERIFY_THROWS_EXCEPTION(DataError, write_safetensors(file_, std::move(tensors), {}, progress));
        QVERIFY(!fs::exists(file_));
    }

    void offsets_beyond_four_gigabytes_are_right() {
        std::vector<TensorToWrite> tensors;
        tensors.push_back({"large", DType::F32, {70'000, 70'000}, {}});
        tensors.push_back({"small", DType::U8, {2}, {}});
        const std::string header = safetensors_header(tensors, {});
        const auto parsed = json::parse(header.substr(8));
        QCOMPARE(parsed["small"]["data_offsets"], (json{19'600'000'000ull, 19'600'000'002ull}));
        QCOMPARE(header.size() % 8, std::size_t(0));
    }

    void a_file_larger_than_the_disk_is_refused_before_it_is_begun() {
        std::vector<TensorToWrite> tensors;
        bool begun = false;
        tensors.push_back({"huge", DType::F32, {1 << 25, 1 << 25}, [&](const ByteSink&, Progress&) { begun = true; }});
        Progress progress;
        try {
            write_safetensors(file_, std::move(tensors), {}, progress);
            QFAIL("must be refused");
        } catch (const IoError& error) {
            QVERIFY2(error.problem().find("needs 4503599628 MB") != std::string::npos, error.what());
        }
        QVERIFY(!begun && !fs::exists(file_));
    }

    void names_that_json_must_escape_come_back() {
        const std::string bytes(4, '\0'), odd = "we\"ird\\na\tme \xC3\xBC \xE2\x9C\x93";
        std::vector<TensorToWrite> tensors;
        tensors.push_back(of_bytes(odd, DType::F32, {1}, bytes));
        Progress progress;
        write_safetensors(file_, std::move(tensors), {{"note \"1\"", "line\nbreak"}}, progress);
        const auto checkpoint = Checkpoint::open(file_);
        QVERIFY(checkpoint->find(odd));
        QCOMPARE(checkpoint->metadata()["note \"1\""], json("line\nbreak"));
    }

    void a_name_given_twice_is_refused() {
        const std::string bytes(4, '\0');
        std::vector<TensorToWrite> tensors;
        tensors.push_back(of_bytes("a", DType::F32, {1}, bytes));
        tensors.push_back(of_bytes("a", DType::I32, {1}, bytes));
        Progress progress;
        QVERIFY_THROWS_EXCEPTION(FormatError, write_safetensors(file_, std::move(tensors), {}, progress));
        QVERIFY(!fs::exists(file_));
    }

    void a_tensor_of_another_length_than_its_shape_is_refused_data() {
        QTest::addColumn<int>("length");
        QTest::newRow("too short") << 7;
        QTest::newRow("too long") << 9;
        QTest::newRow("nothing") << 0;
    }
    void a_tensor_of_another_length_than_its_shape_is_refused() {
        QFETCH(int, length);
        const std::string bytes(std::size_t(length), 'x');
        std::vector<TensorToWrite> tensors;
        tensors.push_back(of_bytes("a", DType::F32, {2}, bytes));
        Progress progress;
        QVERIFY_THROWS_EXCEPTION(FormatError, write_safetensors(file_, std::move(tensors), {}, progress));
        QVERIFY(!fs::exists(file_));
    }

    void block_types_are_no_safetensors_dtypes() {
        std::vector<TensorToWrite> tensors;
        tensors.push_back({"a", DType::Q4_0, {32}, {}});
        Progress progress;
        QVERIFY_THROWS_EXCEPTION(ShapeError, write_safetensors(file_, std::move(tensors), {}, progress));
    }

    void progress_never_falls_and_ends_at_one() {
        std::vector<TensorToWrite> tensors;
        for (int i = 0; i < 5; ++i)
            tensors.push_back(random_tensor("t" + std::to_string(i), {1000, 100}, unsigned(i)));
        double last = 0;
        bool fell = false;
        Progress progress([&](double fraction, std::string_view) {
            fell = fell || fraction < last;
            last = fraction;
        });
        write_safetensors(file_, std::move(tensors), {}, progress);
        QVERIFY(!fell);
        QCOMPARE(last, 1.0);
    }

private:
    QTemporaryDir folder_;
    fs::path file_;
};

QTEST_APPLESS_MAIN(TestSafetensorsWriter)
#include "tst_safetensors_writer.moc"
