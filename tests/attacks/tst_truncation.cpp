// Files cut off at every byte, as a broken download leaves them; files that become shorter while they are open; and
// folders whose index or shards are not what they should be.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/attacks/made_up_files.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

namespace fs = std::filesystem;

std::string bytes_of_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

const std::string two_floats = safetensors("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8);

std::string index_of(const std::string& tensor, const std::string& shard) {
    return "{\"weight_map\":{\"" + tensor + "\":\"" + shard + "\"}}";
}

/// The error that opening meets, or nothing.
std::string error_of(const fs::path& path) {
    try {
        Checkpoint::open(path);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

} // namespace

class TestTruncation : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void file_cut_at_any_byte_is_refused_data() {
        QTest::addColumn<QString>("seed");
        for (const char* seed : {"seed.safetensors", "seed.gguf", "seed_zip.pt", "seed_legacy.pt"})
            QTest::newRow(seed) << seed;
    }
    void file_cut_at_any_byte_is_refused() {
        QFETCH(QString, seed);
        const std::string bytes = bytes_of_file(fs::path(QUANTSCOPE_GOLDENS) / "checkpoint" / seed.toStdString());
        QVERIFY(bytes.size() > 100);
        QTemporaryDir folder;
        const fs::path file = folder.filePath(seed).toStdString();
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            // The writer of GGUF fills the last tensor up to the alignment; without this padding nothing is missing.
            if (seed.endsWith(".gguf") && bytes.find_first_not_of('\0', length) == std::string::npos) break;
            write_file(file, bytes.substr(0, length));
            const std::string error = error_of(file);
            QVERIFY2(!error.empty(), qPrintable(QString("accepted with %1 bytes").arg(length)));
            QVERIFY2(error.rfind(file.string() + ": ", 0) == 0 && error.find('\n') == std::string::npos, error.c_str());
            QVERIFY2(error.find("; ") != std::string::npos, ("no remedy in: " + error).c_str());
        }
        write_file(file, bytes);
        QCOMPARE(error_of(file), std::string());
    }

    void file_that_became_shorter_is_an_error_not_a_crash() {
        QTemporaryDir folder;
        const fs::path file = folder.filePath("model.safetensors").toStdString();
        write_file(file, two_floats);
        const auto checkpoint = Checkpoint::open(file);
        fs::resize_file(file, two_floats.size() - 4);
        QVERIFY_THROWS_EXCEPTION(IoError, checkpoint->read(checkpoint->at("w")));
    }

    void index_that_leads_elsewhere_is_refused_data() {
        QTest::addColumn<QString>("index");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const std::string& index, const char* words) {
            QTest::newRow(name) << QString::fromStdString(index) << words;
        };
        row("parent folder", index_of("w", "../model.safetensors"), "w: its shard is not a plain file name");
        row("absolute path", index_of("w", "/etc/passwd"), "w: its shard is not a plain file name");
        row("dots alone", index_of("w", ".."), "w: its shard is not a plain file name");
        row("backslash", index_of("w", "..\\\\model"), "w: its shard is not a plain file name");
        row("end of text", index_of("w", "shard\\u0000"), "w: its shard is not a plain file name");
        row("empty name", index_of("w", ""), "w: its shard is not a plain file name");
        row("very long name", index_of("w", std::string(300, 'a')), "w: its shard is not a plain file name");
        row("number for a name", "{\"weight_map\":{\"w\":7}}", "w: its shard is not a plain file name");
        row("missing shard", index_of("w", "absent.safetensors"),
            "is named in model.safetensors.index.json but missing");
        row("shard without the tensor", index_of("x", "shard.safetensors"), "x: should be in shard.safetensors");
        row("pipe for a shard", index_of("w", "pipe.safetensors"), "is not a regular file");
        row("folder for a shard", index_of("w", "folder.safetensors"), "is not a regular file");
        row("another format for a shard", index_of("w", "shard.gguf"), "w: should be in shard.gguf");
        row("two shards with one tensor", "{\"weight_map\":{\"w\":\"shard.safetensors\",\"v\":\"shard2.safetensors\"}}",
            "w: occurs in");
        row("tensor in two places", "{\"weight_map\":{\"w\":\"a\",\"w\":\"b\"}}", "occurs twice");
        row("deep nesting", "{\"weight_map\":" + repeated("[", 100000), "nests deeper than 64");
        row("no map", "{}", "weight_map: is missing");
        row("empty map", "{\"weight_map\":{}}", "names no tensor");
        row("list for a map", "{\"weight_map\":[]}", "weight_map: is missing");
        row("no JSON", "weight_map", "is not valid JSON");
    }
    void index_that_leads_elsewhere_is_refused() {
        QFETCH(QString, index);
        QFETCH(QString, words);
        QTemporaryDir temporary;
        const fs::path outer = temporary.path().toStdString(), folder = outer / "model";
        fs::create_directories(folder / "folder.safetensors");
        write_file(outer / "model.safetensors", two_floats);
        write_file(folder / "shard.safetensors", two_floats);
        write_file(folder / "shard2.safetensors", two_floats);
        write_file(folder / "shard.gguf", gguf({}, {gguf_tensor("other", {4}, 0, 0)}, 16));
        QCOMPARE(::mkfifo((folder / "pipe.safetensors").c_str(), 0600), 0);
        write_file(folder / "model.safetensors.index.json", index.toStdString());
        const std::string error = error_of(folder);
        QVERIFY2(error.find(words.toStdString()) != std::string::npos, error.c_str());
        QVERIFY2(error.find('\n') == std::string::npos, error.c_str());
    }

    void linked_shards_are_read() { // as in Hugging Face's cache
        QTemporaryDir temporary;
        const fs::path folder = temporary.path().toStdString();
        fs::create_directories(folder / "blobs");
        fs::create_directories(folder / "model");
        write_file(folder / "blobs" / "0123abc", two_floats);
        fs::create_symlink("../blobs/0123abc", folder / "model" / "shard.safetensors");
        write_file(folder / "model" / "model.safetensors.index.json", index_of("w", "shard.safetensors"));
        QCOMPARE(Checkpoint::open(folder / "model")->tensors().size(), std::size_t(1));
    }

    void packed_weights_of_others_are_named() {
        QTemporaryDir temporary;
        const fs::path folder = temporary.path().toStdString();
        write_file(folder / "model.safetensors", two_floats);
        write_file(folder / "config.json", "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4}}");
        const auto checkpoint = Checkpoint::open(folder);
        QCOMPARE(checkpoint->remarks().size(), std::size_t(1));
        QVERIFY(checkpoint->remarks()[0].find("gptq") != std::string::npos);
    }

    void nothing_that_is_no_model_opens() {
        QTemporaryDir temporary;
        const fs::path folder = temporary.path().toStdString();
        QVERIFY(error_of(folder / "absent").find("cannot be opened") != std::string::npos);
        QVERIFY(error_of(folder).find("holds no model file") != std::string::npos);
        write_file(folder / "notes.txt", "notes");
        QVERIFY(error_of(folder / "notes.txt").find("is no safetensors, GGUF or PyTorch file") != std::string::npos);
        write_file(folder / "empty.gguf", "");
        QVERIFY(error_of(folder / "empty.gguf").find("is empty") != std::string::npos);
        QVERIFY(error_of("/dev/zero").find("is not a regular file") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestTruncation)
#include "tst_truncation.moc"
