// Packed files that lie: each trick is refused with a sentence that names it, and no mutation crashes the reader.
#include <QtTest>
#include <cstring>
#include <functional>

#include "core/base/errors.h"
#include "models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

/// A safetensors file taken apart: its header as JSON, and the bytes behind it.
struct TakenApart {
    json header;
    std::string data;

    explicit TakenApart(const std::string& content) {
        std::uint64_t length = 0;
        std::memcpy(&length, content.data(), 8);
        header = json::parse(content.substr(8, length));
        data = content.substr(8 + length);
    }
    std::string content() const {
        const std::string text = header.dump();
        const std::uint64_t length = text.size();
        return std::string(reinterpret_cast<const char*>(&length), 8) + text + data;
    }
    json& metadata() { return header["__metadata__"]; }
    /// Changes a JSON text inside the metadata.
    void change(const char* key, const std::function<void(json&)>& how) {
        json value = json::parse(metadata()[key].get<std::string>());
        how(value);
        metadata()[key] = value.dump();
    }
};

const std::string down = "model.layers.0.mlp.down_proj";

using Trick = std::function<void(TakenApart&)>;

Trick in_site(const std::function<void(json&)>& how) {
    return [how](TakenApart& file) { file.change("sites", [&](json& sites) { how(sites[down]); }); };
}

} // namespace

class TestHostilePacked : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        root_ = temporary_.path().toStdString();
        const auto model = fitted(tiny_llama(root_ / "source"), uniform_recipe());
        Progress progress;
        write_packed(*model, root_ / "good.safetensors", progress);
        good_ = content_of(root_ / "good.safetensors");
    }

    void a_lie_is_refused_by_name_data() {
        QTest::addColumn<QString>("words");
        tricks_.clear();
        const auto row = [&](const char* name, const char* words, Trick trick) {
            QTest::newRow(name) << words;
            tricks_[name] = std::move(trick);
        };
        row("another layout", "layout 1", [](auto& f) { f.metadata()["quantscope_packed"] = "2"; });
        row("no recipe", "recipe: is missing", [](auto& f) { f.metadata().erase("recipe"); });
        row("recipe of numbers", "recipe: is no JSON object", [](auto& f) { f.metadata()["recipe"] = "[1]"; });
        row("sites cut off", "sites", [](auto& f) { f.metadata()["sites"] = "{\"a\":"; });
        row("sites too deep", "sites", [](auto& f) { f.metadata()["sites"] = std::string(5000, '['); });
        row("no sites", "sites: is missing", [](auto& f) { f.metadata().erase("sites"); });
        row("another source format", "source_format", [](auto& f) { f.metadata()["source_format"] = "onnx"; });
        row("site is a number", "has no shape", in_site([](json& s) { s = 3; }));
        row("no scheme", "has no scheme", in_site([](json& s) { s.erase("scheme"); }));
        row("scheme without grid", "no grid", in_site([](json& s) { s["scheme"].erase("grid"); }));
        row("scheme without residual", "no residual", in_site([](json& s) { s["scheme"].erase("residual"); }));
        row("unknown grid", "not valid", in_site([](json& s) { s["scheme"]["grid"]["name"] = "evil"; }));
        row("bits out of range", "not valid", in_site([](json& s) { s["scheme"]["grid"]["bits"] = 77; }));
        row("bits of another width", "dtype or shape", in_site([](json& s) { s["scheme"]["grid"]["bits"] = 5; }));
        row("granularity changed", "dtype or shape",
            in_site([](json& s) { s["scheme"]["grid"]["granularity"] = "tensor"; }));
        row("shape enlarged", "dtype or shape", in_site([](json& s) { s["shape"] = {1 << 20, 1 << 20}; }));
        row("shape overflows", "too large", in_site([](json& s) {
                s["shape"] = {1ull << 39, 1ull << 39, 1ull << 39};
            }));
        row("shape negative", "no size", in_site([](json& s) { s["shape"] = {-32, 48}; }));
        row("shape of a vector", "no weight", in_site([](json& s) { s["shape"] = {32}; }));
        row("rows swapped", "dtype or shape", in_site([](json& s) { s["shape"] = {48, 32}; }));
        row("no tensor", "names no tensor", in_site([](json& s) { s.erase("tensor"); }));
        row("tensor of a kept one", "is both fitted and kept",
            in_site([](json& s) { s["tensor"] = "model.norm.weight"; }));
        row("tensor of another site", "two sites",
            in_site([](json& s) { s["tensor"] = "model.layers.0.mlp.up_proj.weight"; }));
        row("array missing", "missing", in_site([](json& s) { s["arrays"] = {"codes"}; }));
        row("array invented", "missing", in_site([](json& s) { s["arrays"].push_back("magic"); }));
        row("array named twice", "named twice", in_site([](json& s) { s["arrays"].push_back("codes"); }));
        row("heads that do not divide", "heads", in_site([](json& s) { s["permuted_heads"] = 5; }));
        row("heads negative", "heads", in_site([](json& s) { s["permuted_heads"] = -4; }));
        row("blocks of an unknown type", "no known dtype",
            [](auto& f) { f.metadata()["blocks"] = R"({"model.norm.weight": {"dtype": "packed", "shape": [32]}})"; });
        row("blocks of another size", "not those of its dtype",
            [](auto& f) { f.metadata()["blocks"] = R"({"model.norm.weight": {"dtype": "IQ2_XS", "shape": [256]}})"; });
        row("configuration of another model", "shape",
            [](auto& f) { f.change("source_config", [](json& config) { config["intermediate_size"] = 64; }); });
        row("scale of another type", "dtype or shape", [](auto& f) { // as many bytes, other numbers
            f.header[down + ".scale"]["dtype"] = "I16";
        });
    }
    void a_lie_is_refused_by_name() {
        QFETCH(QString, words);
        TakenApart file(good_);
        tricks_.at(QTest::currentDataTag())(file);
        const fs::path path = root_ / "lie.safetensors";
        std::ofstream(path, std::ios::binary) << file.content();
        try {
            open_model(path);
            QFAIL("must be refused");
        } catch (const Error& error) {
            QVERIFY2(std::string(error.what()).find(words.toStdString()) != std::string::npos, error.what());
            QVERIFY2(error.file() == path.string(), error.what());
        }
    }

    void a_scale_that_is_no_number_is_refused_when_it_is_read() {
        TakenApart file(good_);
        const auto place = file.header[down + ".scale"]["data_offsets"][0].get<std::size_t>();
        file.data[place] = char(0x00);
        file.data[place + 1] = char(0x7e); // fp16 NaN
        const fs::path path = root_ / "nan.safetensors";
        std::ofstream(path, std::ios::binary) << file.content();
        const auto model = open_model(path);
        std::vector<float> row(48);
        const TensorInfo& tensor = model->checkpoint().at(down + ".weight");
        try {
            model->checkpoint().read_rows(tensor, 0, 1, row);
            QFAIL("must be refused");
        } catch (const FormatError& error) {
            QCOMPARE(error.file(), path.string());
            QCOMPARE(error.place(), down);
        }
    }

    void no_mutation_of_the_header_crashes() {
        std::mt19937 random(7);
        std::uint64_t length = 0;
        std::memcpy(&length, good_.data(), 8);
        const fs::path path = root_ / "mutated.safetensors";
        int refused = 0, opened = 0;
        for (int i = 0; i < 1500; ++i) {
            std::string content = good_;
            for (int n = 1 + int(random() % 3); n > 0; --n) {
                char& byte = content[random() % (length + 8)];
                byte = random() % 2 ? char(byte ^ (1 << random() % 8)) : "0123456789\"{}[],:-e"[random() % 19];
            }
            std::ofstream(path, std::ios::binary) << content;
            try {
                const auto model = open_model(path);
                for (const TensorInfo& tensor : model->checkpoint().tensors())
                    if (tensor.dtype == DType::PACKED) model->checkpoint().read(tensor);
                ++opened;
            } catch (const Error& error) {
                QVERIFY(!error.problem().empty());
                ++refused;
            }
        }
        QVERIFY2(refused > 500 && opened > 0, qPrintable(QString("%1 refused, %2 opened").arg(refused).arg(opened)));
    }

private:
    QTemporaryDir temporary_;
    fs::path root_;
    std::string good_;
    std::map<std::string, Trick> tricks_;
};

QTEST_APPLESS_MAIN(TestHostilePacked)
#include "tst_hostile_packed.moc"
