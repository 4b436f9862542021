// A file of 10 GB with 300 tensors opens in under a second and in little memory: only its header is read. The file is
// sparse, so that it takes no room on the disk.
#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "core/checkpoint/checkpoint.h"

using namespace quantscope;

namespace {

constexpr std::int64_t tensors = 300, rows = 4096, columns = 4096, bytes_each = rows * columns * 2;

std::int64_t resident_now() {
    std::ifstream status("/proc/self/statm");
    std::int64_t total = 0, resident = 0;
    status >> total >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

/// Writes the header and leaves a hole for the values; false when the file system cannot.
bool write_sparse(const std::filesystem::path& file) {
    nlohmann::json header;
    for (std::int64_t i = 0; i < tensors; ++i)
        header["model.layers." + std::to_string(i) + ".weight"] = {
            {"dtype", "BF16"}, {"shape", {rows, columns}}, {"data_offsets", {i * bytes_each, (i + 1) * bytes_each}}};
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(&length), sizeof length) << text;
    stream.close();
    std::error_code error;
    std::filesystem::resize_file(file, 8 + length + std::uint64_t(tensors) * bytes_each, error);
    return !error;
}

} // namespace

class TestLargeFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void ten_gigabytes_open_at_once_in_little_memory() {
        QTemporaryDir folder;
        const std::filesystem::path file = folder.filePath("large.safetensors").toStdString();
        if (!write_sparse(file)) QSKIP("the file system takes no sparse file of 10 GB");
        const std::int64_t before = resident_now();
        QElapsedTimer timer;
        timer.start();
        const auto checkpoint = Checkpoint::open(file);
        const qint64 opened = timer.elapsed();
        const std::int64_t after_open = resident_now() - before;
        QCOMPARE(checkpoint->tensors().size(), std::size_t(tensors));
        QVERIFY(checkpoint->file_bytes() > 10'000'000'000u);
        // One row of every tensor, and one whole tensor that is given back: reading stays lazy.
        std::vector<float> row(columns);
        for (const TensorInfo& tensor : checkpoint->tensors())
            checkpoint->read_rows(tensor, rows - 1, 1, row);
        QCOMPARE(row, std::vector<float>(columns, 0.0f));
        const TensorInfo& whole = checkpoint->at("model.layers.7.weight");
        for (std::int64_t r = 0; r < rows; ++r)
            checkpoint->read_rows(whole, r, 1, row);
        checkpoint->release(whole);
        const std::int64_t after_reading = resident_now() - before;
        qInfo("opened in %lld ms, %lld kB more resident; %lld kB after reading", static_cast<long long>(opened),
              static_cast<long long>(after_open / 1000), static_cast<long long>(after_reading / 1000));
        QVERIFY(opened < 1000);
        QVERIFY(after_open < 100'000'000);
        QVERIFY(after_reading < 100'000'000);
    }
};

QTEST_APPLESS_MAIN(TestLargeFile)
#include "tst_large_file.moc"
