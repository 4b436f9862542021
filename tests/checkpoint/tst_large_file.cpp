// A file of 10 GB with 300 tensors opens in under a second and in little memory: only its header is read. The file is
// sparse, so that it takes no room on the disk.
#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>

#include "core/checkpoint/checkpoint.h"
#include "sparse_model.h"

using namespace quantscope;
using namespace quantscope::testing;

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
