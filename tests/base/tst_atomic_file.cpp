// Atomic files and folders: whole or not at all.
#include <QTest>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <csignal>

#include "core/base/atomic_file.h"
#include "core/base/errors.h"

using namespace quantscope;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t entries(const fs::path& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

} // namespace

class TestAtomicFile : public QObject {
    Q_OBJECT
    fs::path folder_;

private Q_SLOTS:
    void init() {
        folder_ = fs::temp_directory_path() / ("tst_atomic_file_" + std::to_string(::getpid()));
        fs::remove_all(folder_);
        fs::create_directory(folder_);
    }
    void cleanup() { fs::remove_all(folder_); }

    void committed_file_has_the_bytes_and_leaves_no_other() {
        AtomicFile file(folder_ / "a.bin");
        file.write("one ");
        file.write("two");
        QCOMPARE(file.size(), 7u);
        QVERIFY(!fs::exists(folder_ / "a.bin"));
        file.commit();
        QCOMPARE(content(folder_ / "a.bin"), std::string("one two"));
        QCOMPARE(entries(folder_), std::size_t(1));
    }

    void abandoned_file_leaves_the_old_one_untouched() {
        std::ofstream(folder_ / "a.bin") << "old";
        { AtomicFile(folder_ / "a.bin").write("new"); }
        QCOMPARE(content(folder_ / "a.bin"), std::string("old"));
        QCOMPARE(entries(folder_), std::size_t(1));
    }

    void full_disk_is_an_error_that_names_the_file_and_keeps_the_old_one() {
        std::ofstream(folder_ / "a.bin") << "old";
        rlimit before{};
        getrlimit(RLIMIT_FSIZE, &before);
        const rlimit small{1000, before.rlim_max};
        std::signal(SIGXFSZ, SIG_IGN); // the write then fails with an error code, as on a full disk
        setrlimit(RLIMIT_FSIZE, &small);
        std::string message;
        try {
            AtomicFile file(folder_ / "a.bin");
            file.write(std::string(5000, 'x'));
            file.commit();
        } catch (const IoError& error) {
            message = error.what();
        }
        setrlimit(RLIMIT_FSIZE, &before);
        QVERIFY2(message.find("a.bin: cannot write") != std::string::npos, message.c_str());
        QCOMPARE(content(folder_ / "a.bin"), std::string("old"));
        QCOMPARE(entries(folder_), std::size_t(1));
    }

    void folder_that_cannot_be_written_is_named() {
        QVERIFY_THROWS_EXCEPTION(IoError, AtomicFile("/proc/no/such/place.bin"));
    }

    void committed_folder_replaces_only_what_was_written_anew() {
        fs::create_directory(folder_ / "out");
        std::ofstream(folder_ / "out/kept.txt") << "kept";
        std::ofstream(folder_ / "out/model.bin") << "old";
        {
            AtomicFolder out(folder_ / "out");
            std::ofstream(out.path() / "model.bin") << "new";
            out.commit();
        }
        QCOMPARE(content(folder_ / "out/kept.txt"), std::string("kept"));
        QCOMPARE(content(folder_ / "out/model.bin"), std::string("new"));
        QCOMPARE(entries(folder_), std::size_t(1));
    }

    void a_folder_in_use_receives_folders_in_place_of_its_own_data() {
        QTest::addColumn<bool>("in_use");
        QTest::newRow("exchanged at once") << false;
        QTest::newRow("entry by entry, as somebody stands in it") << true;
    }
    void a_folder_in_use_receives_folders_in_place_of_its_own() {
        QFETCH(bool, in_use);
        const fs::path before = fs::current_path();
        fs::create_directories(folder_ / "out/part");
        std::ofstream(folder_ / "out/part/stale.bin") << "old";
        if (in_use) fs::current_path(folder_ / "out");
        {
            AtomicFolder out(folder_ / "out");
            fs::create_directory(out.path() / "part");
            std::ofstream(out.path() / "part" / "model.bin") << "new";
            out.commit();
        }
        fs::current_path(before);
        QCOMPARE(content(folder_ / "out/part/model.bin"), std::string("new"));
        QCOMPARE(entries(folder_ / "out/part"), std::size_t(1));
        QCOMPARE(entries(folder_), std::size_t(1));
    }

    void abandoned_folder_leaves_nothing() {
        { std::ofstream(AtomicFolder(folder_ / "out").path() / "model.bin") << "new"; }
        QCOMPARE(entries(folder_), std::size_t(0));
    }

    void folder_over_a_file_is_refused() {
        std::ofstream(folder_ / "out") << "a file";
        QVERIFY_THROWS_EXCEPTION(IoError, AtomicFolder(folder_ / "out"));
    }
};

QTEST_APPLESS_MAIN(TestAtomicFile)
#include "tst_atomic_file.moc"
