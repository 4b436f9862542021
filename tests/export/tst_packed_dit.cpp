// Packed DiTs: embedders that diffusers stores in every block are stored once, and come back in every block.
#include <QtTest>

#include "core/base/errors.h"
#include "core/export/report.h"
#include "image_models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

constexpr const char* embedder = "transformer_blocks.0.norm1.emb.timestep_embedder.linear_1";

std::string in_block(int block) {
    std::string name = embedder;
    return name.replace(name.find('0'), 1, std::to_string(block));
}

/// The golden with equal embedders, packed with the given metadata changed.
void write_changed(const fs::path& from, const fs::path& to, const char* key, const json& value) {
    const std::string content = content_of(from);
    std::uint64_t length = 0;
    std::memcpy(&length, content.data(), 8);
    json header = json::parse(content.substr(8, length));
    header["__metadata__"][key] = value.dump();
    const std::string text = header.dump();
    const std::uint64_t size = text.size();
    std::ofstream(to, std::ios::binary) << std::string(reinterpret_cast<const char*>(&size), 8) << text
                                        << content.substr(8 + length);
}

} // namespace

class TestPackedDit : public QObject {
    Q_OBJECT

    QTemporaryDir temporary_;
    fs::path root_ = temporary_.path().toStdString();
    std::shared_ptr<const FittedModel> model_ = fitted(diffusion_goldens / "diffusers_shared", every_site_recipe());

private Q_SLOTS:
    void equal_embedders_are_stored_and_counted_once() {
        Progress progress;
        write_packed(*model_, root_ / "packed.safetensors", progress);
        const auto stored = Checkpoint::open(root_ / "packed.safetensors"); // the plain view of the file
        QVERIFY(stored->find(std::string(embedder) + ".codes"));
        std::uint64_t bytes = 0;
        for (const auto& tensor : stored->tensors()) {
            QVERIFY2(tensor.name.find("s.1.norm1.emb") == std::string::npos, tensor.name.c_str());
            bytes += tensor.bytes;
        }
        QCOMPARE(model_->bytes(), bytes);
        QCOMPARE(packed_file_bytes(*model_), std::uint64_t(fs::file_size(root_ / "packed.safetensors")));
    }

    void every_block_has_its_embedder_again() {
        const auto again = open_model(root_ / "packed.safetensors");
        const Checkpoint &source = model_->model().checkpoint(), &found = again->checkpoint();
        QCOMPARE(found.tensors().size(), source.tensors().size());
        for (std::size_t i = 0; i < source.tensors().size(); ++i) {
            const std::string& name = source.tensors()[i].name;
            QCOMPARE(found.tensors()[i].name, name);
            QCOMPARE(again->copied_from(name), model_->model().copied_from(name));
        }
        QCOMPARE(again->parameters(), model_->model().parameters());
        QCOMPARE(again->sites().size(), model_->model().sites().size());
        const auto expected = all_rows(*model_, *model_->model().find_site(embedder));
        for (int block = 0; block < 3; ++block)
            QCOMPARE(found.read(found.at(in_block(block) + ".weight")), expected);
        const auto bias = found.raw(found.at(in_block(2) + ".bias"));
        const auto before = source.raw(source.at(in_block(2) + ".bias"));
        QVERIFY(std::equal(bias.begin(), bias.end(), before.begin(), before.end()));
    }

    void packed_again_it_stays_the_same_size_and_the_same_model() {
        Progress progress;
        const FittedModel unchanged(open_model(root_ / "packed.safetensors"), model_->recipe(), {});
        write_packed(unchanged, root_ / "again.safetensors", progress);
        const auto again = open_model(root_ / "again.safetensors");
        QCOMPARE(unchanged.bytes(), model_->bytes());
        QCOMPARE(again->parameters(), model_->model().parameters());
        for (const Site& site : model_->model().sites())
            QCOMPARE(all_rows(OriginalWeights(again), *again->find_site(site.name)), all_rows(*model_, site));
    }

    void from_a_packed_file_every_copy_is_written_out_again() {
        Progress progress;
        const FittedModel unchanged(open_model(root_ / "packed.safetensors"), model_->recipe(), {});
        for (const char* format : {"safetensors", "pt", "diffusers"}) {
            const fs::path target = root_ / format;
            export_format(format).write(unchanged, target, {}, progress);
            const auto again = open_model(target);
            const auto expected = all_rows(*model_, *model_->model().find_site(embedder));
            for (int block = 0; block < 3; ++block)
                QCOMPARE(again->checkpoint().read(again->checkpoint().at(in_block(block) + ".weight")), expected);
            QVERIFY2(again->diffusion(), again->why_not_evaluated().c_str());
            QCOMPARE(again->sites().size(), model_->model().sites().size());
        }
    }

    void a_lie_about_copies_is_refused_by_name_data() {
        QTest::addColumn<QString>("copies");
        QTest::addColumn<QString>("words");
        const std::string own = std::string(embedder) + ".weight", other = in_block(1) + ".weight";
        const auto row = [](const char* name, const json& copies, const char* words) {
            QTest::newRow(name) << QString::fromStdString(copies.dump()) << words;
        };
        row("no object", json::array({1}), "is no JSON object");
        row("of nothing", json{{other, "nowhere"}}, "a tensor that is not there");
        row("of a number", json{{other, 3}}, "a tensor that is not there");
        row("of a copy", json{{other, in_block(2) + ".weight"}, {in_block(2) + ".weight", own}}, "not there");
        row("stored too", json{{own, "proj_out_2.weight"}}, "is both stored and named as a copy");
        row("of another shape", json{{other, "proj_out_2.weight"}}, "has shape");
        row("forgotten", json::object(), "");
    }
    void a_lie_about_copies_is_refused_by_name() {
        QFETCH(QString, copies);
        QFETCH(QString, words);
        const fs::path lie = root_ / "lie.safetensors";
        write_changed(root_ / "packed.safetensors", lie, "copies", json::parse(copies.toStdString()));
        try {
            const auto model = open_model(lie);
            QVERIFY2(words.isEmpty(), "must be refused");
        } catch (const Error& error) {
            QVERIFY2(!words.isEmpty() && QString(error.what()).contains(words), error.what());
        }
    }

    void the_report_of_a_dit_holds_every_site() {
        Progress progress;
        write_report(model_->model(), model_.get(), {}, root_ / "report.h5", progress);
        const std::string content = content_of(root_ / "report.h5");
        for (const Site& site : model_->model().sites())
            QVERIFY2(content.find(site.name) != std::string::npos, site.name.c_str());
        QVERIFY(content.find("t_embedder") != std::string::npos && content.find("adaLN") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestPackedDit)
#include "tst_packed_dit.moc"
