// What a failed export leaves: the old file or none, no temporaries, and an error that says why.
#include <QtTest>
#include <csignal>
#include <sys/resource.h>

#include "core/base/errors.h"
#include "core/export/registry.h"
#include "core/export/report.h"
#include "image_models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

/// Files of this process may not grow beyond a size while it lives: the system then answers as a full disk does.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

/// Cancels itself when it is first told of a fraction at or above the given one.
struct CancelAt {
    explicit CancelAt(double fraction)
        : progress([this, fraction](double at, std::string_view) {
            if (at >= fraction) progress.cancel();
        }) {}
    Progress progress;
};

ReportContent tiny_report(const FittedModel& model) {
    ReportContent content;
    content.provenance = {"0", "tiny", std::string(64, '0'), "2000-01-01T00:00:00Z", "llama"};
    content.recipe = model.recipe();
    content.sites = model.model().sites().size();
    content.site = [&model](std::size_t index, Progress& progress) {
        const Site& site = model.model().sites()[index];
        progress.report(0.5, site.name);
        ReportSite described;
        described.name = site.name;
        described.role = site.role;
        described.dtype = "F32";
        described.out = site.out;
        described.in = site.in;
        described.fitted = model.find(site.name);
        return described;
    };
    return content;
}

} // namespace

class TestFailures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        root_ = temporary_.path().toStdString();
        model_ = fitted(tiny_llama(root_ / "source"), uniform_recipe());
        fs::create_directories(root_ / "pipeline");
        fs::copy(diffusion_goldens / "diffusers_shared", root_ / "pipeline" / "transformer");
        fs::copy(fs::path(QUANTSCOPE_GOLDENS) / "autoencoder" / "post_quant", root_ / "pipeline" / "vae");
        std::ofstream(root_ / "pipeline" / "model_index.json") << R"({"transformer": ["a", "b"], "vae": ["a", "c"]})";
        pipeline_ = fitted(root_ / "pipeline", uniform_recipe());
    }

    void a_cancel_leaves_the_old_or_none_data() { every_writer(); }
    void a_cancel_leaves_the_old_or_none() {
        for (const double fraction : {0.0, 0.15, 0.3, 0.5, 0.8, 0.97}) {
            const auto before = prepare();
            CancelAt cancel(fraction);
            QVERIFY_THROWS_EXCEPTION(Cancelled, write(cancel.progress));
            QCOMPARE(state(), before);
        }
    }

    void a_full_disk_leaves_the_old_or_none_data() { every_writer(); }
    void a_full_disk_leaves_the_old_or_none() {
        for (const rlim_t room : {0, 100, 3000, 20000}) {
            const auto before = prepare();
            std::string words;
            {
                const FileSizeLimit limit(room);
                Progress progress;
                try {
                    write(progress);
                } catch (const IoError& error) {
                    words = error.what();
                }
            }
            if (room > 3000 && words.empty()) continue; // the report is smaller than that
            QVERIFY2(words.find("File too large") != std::string::npos, words.c_str());
            QVERIFY2(words.starts_with(place_.string()), words.c_str()); // not a temporary's name
            QCOMPARE(state(), before);
        }
    }

    void a_target_that_cannot_be_written_is_named_data() { every_writer(); }
    void a_target_that_cannot_be_written_is_named() {
        QFETCH(bool, old);
        fs::remove_all(root_ / "place");
        fs::create_directories(root_ / "place");
        std::ofstream(root_ / "place" / "file") << "a file, not a folder";
        place_ = root_ / "place" / "file" / (old ? "target" : "deep/target");
        Progress progress;
        try {
            write(progress);
            QFAIL("must throw");
        } catch (const IoError& error) {
            QVERIFY2(error.file().find("place/file") != std::string::npos, error.what());
            QVERIFY(!error.problem().empty());
        }
        QCOMPARE(names_in(root_ / "place"), std::vector<std::string>{"file"});
        QCOMPARE(content_of(root_ / "place" / "file"), std::string("a file, not a folder"));
    }

    void the_folder_of_the_model_itself_is_refused() {
        const auto before = content_of(root_ / "source" / "model.safetensors");
        for (const char* format : {"packed", "hf"}) {
            Progress progress;
            QVERIFY_THROWS_EXCEPTION(IoError, export_format(format).write(*model_, root_ / "source", {}, progress));
        }
        QCOMPARE(content_of(root_ / "source" / "model.safetensors"), before);
    }

    void an_export_over_an_older_one_leaves_no_stale_weights() {
        const fs::path target = root_ / "twice";
        Progress progress;
        ExportOptions small;
        small.shard_bytes = 8000;
        export_format("hf").write(*model_, target, small, progress);
        std::ofstream(target / "notes.txt") << "mine";
        QVERIFY(fs::exists(target / "model.safetensors.index.json"));
        export_format("packed").write(*model_, target, {}, progress);
        QCOMPARE(names_in(target), (std::vector<std::string>{"config.json", "model.safetensors", "notes.txt",
                                                             "quantscope.json", "tokenizer_config.json"}));
        QCOMPARE(open_model(target)->checkpoint().format(), std::string("packed"));
        export_format("hf").write(*model_, target, small, progress);
        QVERIFY(!fs::exists(target / "model.safetensors"));
        QCOMPARE(content_of(target / "notes.txt"), std::string("mine"));
        QCOMPARE(open_model(target)->checkpoint().format(), std::string("safetensors"));
    }

    void a_link_to_a_folder_stays_a_link() {
        fs::create_directories(root_ / "elsewhere" / "real");
        fs::create_directory_symlink(root_ / "elsewhere" / "real", root_ / "link");
        Progress progress;
        export_format("hf").write(*model_, root_ / "link", {}, progress);
        export_format("packed").write(*model_, root_ / "link", {}, progress);
        QVERIFY(fs::is_symlink(root_ / "link"));
        QVERIFY(fs::exists(root_ / "elsewhere" / "real" / "model.safetensors"));
        QCOMPARE(names_in(root_ / "elsewhere"), std::vector<std::string>{"real"});
    }

private:
    static void every_writer() {
        QTest::addColumn<QString>("format");
        QTest::addColumn<bool>("old");
        for (const char* format : {"packed", "hf", "report", "safetensors", "pt", "diffusers"})
            for (const bool old : {false, true})
                QTest::addRow("%s %s", format, old ? "over an old one" : "new") << format << old;
    }

    using State = std::vector<std::pair<std::string, std::string>>; ///< names and contents of all files in the place

    /// An empty place, or one with the old file or folder in it; and what it looks like.
    State prepare() {
        make_place();
        return state();
    }
    void make_place() {
        QFETCH(QString, format);
        QFETCH(bool, old);
        fs::remove_all(root_ / "place");
        fs::create_directories(root_ / "place");
        place_ = root_ / "place" / "target";
        if (!old) return;
        if (format == "report" || !export_format(format.toStdString()).is_folder) {
            std::ofstream(place_) << "old";
            return;
        }
        fs::create_directories(place_);
        std::ofstream(place_ / "model.safetensors") << "old weights";
        std::ofstream(place_ / "notes.txt") << "mine";
    }

    State state() const {
        State state;
        for (const auto& entry : fs::recursive_directory_iterator(root_ / "place"))
            state.emplace_back(entry.path().string(), entry.is_regular_file() ? content_of(entry.path()) : "folder");
        std::sort(state.begin(), state.end());
        return state;
    }

    void write(Progress& progress) {
        QFETCH(QString, format);
        if (format == "report")
            write_report(place_, tiny_report(*model_), progress);
        else
            export_format(format.toStdString())
                .write(format == "diffusers" ? *pipeline_ : *model_, place_, {}, progress);
    }

    QTemporaryDir temporary_;
    fs::path root_, place_;
    std::shared_ptr<const FittedModel> model_, pipeline_;
};

QTEST_APPLESS_MAIN(TestFailures)
#include "tst_failures.moc"
