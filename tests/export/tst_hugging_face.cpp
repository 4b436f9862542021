// Hugging Face folders: names, values, dtypes, shards and configuration. Oracle for GGUF sources are the folders that
// the GGUF goldens were made from. Where QUANTSCOPE_EXPORT_FOLDER names a folder, the exports of all goldens stay there
// for check_goldens_with_transformers.py.
#include <QtTest>
#include <set>

#include "core/base/errors.h"
#include "core/base/half.h"
#include "core/export/hugging_face.h"
#include "models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

const fs::path goldens = fs::path(QUANTSCOPE_GOLDENS) / "model";

FittedModel unfitted(const fs::path& model) { return {open_model(model), json{{"quantscope_recipe", 1}}, {}}; }

void compare_facts(const Architecture& a, const Architecture& b) {
    QCOMPARE(a.family, b.family);
    QCOMPARE(a.hidden, b.hidden);
    QCOMPARE(a.blocks, b.blocks);
    QCOMPARE(a.heads, b.heads);
    QCOMPARE(a.kv_heads, b.kv_heads);
    QCOMPARE(a.head_dim, b.head_dim);
    QCOMPARE(a.intermediate, b.intermediate);
    QCOMPARE(a.vocabulary, b.vocabulary);
    QCOMPARE(a.context, b.context);
    QCOMPARE(float(a.norm_eps), float(b.norm_eps));
    QCOMPARE(a.tied_head, b.tied_head);
    QCOMPARE(a.qkv_bias, b.qkv_bias);
    QCOMPARE(a.output_bias, b.output_bias);
    QCOMPARE(a.mlp_bias, b.mlp_bias);
    QCOMPARE(a.query_key_norm, b.query_key_norm);
    QCOMPARE(float(a.rotary_theta), float(b.rotary_theta));
    QCOMPARE(a.rotary_scaling.kind, b.rotary_scaling.kind);
    QCOMPARE(a.rotary_scaling.factor, b.rotary_scaling.factor);
    QCOMPARE(a.rotary_scaling.original_context, b.rotary_scaling.original_context);
    QVERIFY(a.rotary_scaling.divisors.empty());
    QCOMPARE(a.window, b.window);
    QVERIFY(a.activation == b.activation);
}

/// A GGUF file of an architecture that nobody knows, with one tensor.
void write_strange_gguf(const fs::path& file) {
    std::string out = "GGUF";
    const auto number = [&](auto value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    const auto text = [&](const std::string& words) {
        number(std::uint64_t(words.size()));
        out += words;
    };
    number(std::uint32_t(3));
    number(std::uint64_t(1)); // tensors
    number(std::uint64_t(1)); // key-values
    text("general.architecture");
    number(std::uint32_t(8)); // a text
    text("strange");
    text("blk.0.mystery.weight");
    number(std::uint32_t(2));
    number(std::uint64_t(4));
    number(std::uint64_t(2));
    number(std::uint32_t(0)); // F32
    number(std::uint64_t(0));
    out.resize((out.size() + 31) / 32 * 32 + 32, '\0');
    std::ofstream(file, std::ios::binary) << out;
}

} // namespace

class TestHuggingFace : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const QString kept = qEnvironmentVariable("QUANTSCOPE_EXPORT_FOLDER");
        root_ = fs::path((kept.isEmpty() ? temporary_.path() : kept).toStdString());
    }

    void a_gguf_file_becomes_the_folder_that_it_was_made_from_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"llama3_wide", "llama_biases_wide", "qwen2_wide", "qwen3_wide"})
            QTest::newRow(name) << name;
    }
    void a_gguf_file_becomes_the_folder_that_it_was_made_from() {
        QFETCH(QString, name);
        const std::string stem = name.toStdString();
        Progress progress;
        const fs::path target = root_ / (stem + "_from_gguf");
        write_hugging_face(unfitted(goldens / (stem + ".gguf")), target, {}, progress);
        const auto found = open_model(target), twin = open_model(goldens / stem);
        QVERIFY2(found->architecture(), found->why_not_evaluated().c_str());
        compare_facts(*found->architecture(), *twin->architecture());
        QCOMPARE(found->checkpoint().tensors().size(), twin->checkpoint().tensors().size());
        for (const TensorInfo& tensor : twin->checkpoint().tensors()) {
            const TensorInfo& same = found->checkpoint().at(tensor.name);
            QCOMPARE(same.shape, tensor.shape);
            QVERIFY2(found->checkpoint().read(same) == twin->checkpoint().read(tensor), tensor.name.c_str());
        }
        const json &made = found->checkpoint().config(), &own = twin->checkpoint().config();
        for (const char* key : {"model_type", "architectures", "bos_token_id", "eos_token_id", "hidden_act"})
            if (own.contains(key) && made.contains(key)) QCOMPARE(made[key], own[key]);
    }

    void a_folder_leaves_as_it_came_when_nothing_is_fitted_data() {
        QTest::addColumn<QString>("name");
        for (const auto& entry : fs::directory_iterator(goldens))
            if (fs::exists(entry.path() / "config.json"))
                QTest::newRow(entry.path().filename().c_str()) << QString::fromStdString(entry.path().filename());
    }
    void a_folder_leaves_as_it_came_when_nothing_is_fitted() {
        QFETCH(QString, name);
        Progress progress;
        const fs::path source = goldens / name.toStdString(), target = root_ / name.toStdString();
        write_hugging_face(unfitted(source), target, {}, progress);
        const auto found = open_model(target), own = open_model(source);
        QCOMPARE(found->checkpoint().tensors().size(), own->checkpoint().tensors().size());
        for (const TensorInfo& tensor : own->checkpoint().tensors()) {
            const TensorInfo& same = found->checkpoint().at(tensor.name);
            QVERIFY(same.dtype == tensor.dtype && same.shape == tensor.shape);
            const auto a = own->checkpoint().raw(tensor), b = found->checkpoint().raw(same);
            QVERIFY2(std::equal(a.begin(), a.end(), b.begin(), b.end()), tensor.name.c_str());
        }
        json config = found->checkpoint().config(), before = own->checkpoint().config();
        if (!before.contains("dtype") && !before.contains("torch_dtype")) config.erase("torch_dtype");
        QCOMPARE(config, before);
    }

    void weights_are_written_in_the_dtype_asked_for_data() {
        QTest::addColumn<QString>("asked");
        QTest::addColumn<int>("source");
        QTest::addColumn<int>("fitted_dtype");
        QTest::addColumn<int>("kept_dtype");
        QTest::addColumn<QString>("config_dtype");
        const int f32 = int(DType::F32), f16 = int(DType::F16), bf16 = int(DType::BF16);
        QTest::newRow("auto of float32") << "auto" << f32 << f32 << f32 << "float32";
        QTest::newRow("auto of bfloat16") << "auto" << bf16 << f32 << bf16 << "float32";
        QTest::newRow("float16") << "float16" << f32 << f16 << f16 << "float16";
        QTest::newRow("bfloat16 of float16") << "bfloat16" << f16 << bf16 << bf16 << "bfloat16";
        QTest::newRow("float32 of bfloat16") << "float32" << bf16 << f32 << f32 << "float32";
    }
    void weights_are_written_in_the_dtype_asked_for() {
        QFETCH(QString, asked);
        QFETCH(int, source);
        QFETCH(int, fitted_dtype);
        QFETCH(int, kept_dtype);
        QFETCH(QString, config_dtype);
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const auto model = fitted(tiny_llama(root / "source", DType(source)), uniform_recipe());
        Progress progress;
        ExportOptions options;
        options.dtype = asked.toStdString();
        write_hugging_face(*model, root / "out", options, progress);
        const auto found = open_model(root / "out");
        QCOMPARE(found->checkpoint().config()["torch_dtype"].get<std::string>(), config_dtype.toStdString());
        for (const Site& site : model->model().sites()) {
            const bool is_fitted = model->find(site.name);
            const TensorInfo& tensor = found->checkpoint().at(site.tensor);
            QCOMPARE(int(tensor.dtype), is_fitted ? fitted_dtype : kept_dtype);
            auto expected = all_rows(*model, site);
            for (float& value : expected) {
                if (tensor.dtype == DType::F16) value = float16_to_float(float_to_float16(value));
                if (tensor.dtype == DType::BF16) value = bfloat16_to_float(float_to_bfloat16(value));
            }
            QVERIFY2(found->checkpoint().read(tensor) == expected, site.name.c_str());
        }
        QCOMPARE(int(found->checkpoint().at("model.norm.weight").dtype), kept_dtype);
    }

    void fitted_weights_that_16_bits_hold_exactly_stay_in_16_bits() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        std::vector<TensorToWrite> tensors;
        tensors.push_back(tensor_of_rows("a.0.w.weight", DType::BF16, {4, 16},
                                         [](std::int64_t first, std::int64_t count, std::span<float> out) {
                                             for (std::int64_t i = 0; i < count * 16; ++i) // 16 levels, all of them
                                                 out[std::size_t(i)] = 0.25f * float((i + first * 16) % 16) - 2;
                                         }));
        Progress progress;
        write_safetensors(root / "w.safetensors", std::move(tensors), {}, progress);
        const auto model = fitted(root / "w.safetensors", uniform_recipe());
        QCOMPARE(model->find("a.0.w")->error.max_error, 0.0);
        const ExportResult result = write_hugging_face(*model, root / "out", {}, progress);
        QVERIFY(!result.remarks.empty()); // no config.json
        const auto found = open_model(root / "out");
        QCOMPARE(int(found->checkpoint().at("a.0.w.weight").dtype), int(DType::BF16));
    }

    void shards_stay_below_the_limit_and_the_index_names_all() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const auto model = fitted(tiny_llama(root / "source"), uniform_recipe());
        Progress progress;
        ExportOptions options;
        options.shard_bytes = 20'000;
        const ExportResult result = write_hugging_face(*model, root / "out", options, progress);
        const json index = json::parse(content_of(root / "out" / "model.safetensors.index.json"));
        std::set<std::string> shards;
        for (const auto& [tensor, shard] : index["weight_map"].items())
            shards.insert(shard.get<std::string>());
        QVERIFY(shards.size() >= 3);
        QCOMPARE(*shards.begin(), "model-00001-of-0000" + std::to_string(shards.size()) + ".safetensors");
        std::uint64_t bytes = 0;
        for (const std::string& shard : shards) {
            QVERIFY(fs::file_size(root / "out" / shard) < 20'000 + 3000); // the header is on top
            bytes += fs::file_size(root / "out" / shard);
        }
        QCOMPARE(bytes, result.bytes);
        QCOMPARE(index["weight_map"].size(), model->model().checkpoint().tensors().size());
        const OriginalWeights again(open_model(root / "out"));
        for (const Site& site : again.model().sites())
            QCOMPARE(all_rows(again, site), all_rows(*model, site));
    }

    void what_stands_beside_the_weights_is_copied_and_the_recipe_is_told() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const auto model = fitted(tiny_llama(root / "source"), uniform_recipe());
        Progress progress;
        const ExportResult result = write_hugging_face(*model, root / "out", {}, progress);
        QCOMPARE(names_in(root / "out"), (std::vector<std::string>{"config.json", "model.safetensors",
                                                                   "quantscope.json", "tokenizer_config.json"}));
        QCOMPARE(result.files.size(), std::size_t(4));
        for (const fs::path& file : result.files)
            QVERIFY(fs::exists(file));
        const json told = json::parse(content_of(root / "out" / "quantscope.json"));
        QCOMPARE(told["recipe"], model->recipe());
        QCOMPARE(told["source"], json("source"));
        QCOMPARE(told["source_sha256"].get<std::string>().size(), std::size_t(64));
    }

    void a_gguf_file_of_an_unknown_family_is_refused_with_the_reason() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        write_strange_gguf(root / "strange.gguf");
        const FittedModel model = unfitted(root / "strange.gguf");
        QVERIFY(why_not_hugging_face(model.model()).find("strange") != std::string::npos);
        Progress progress;
        QVERIFY_THROWS_EXCEPTION(FormatError, write_hugging_face(model, root / "out", {}, progress));
        QVERIFY(!fs::exists(root / "out"));
        write_packed_folder(model, root / "packed", progress); // packed takes any
        QCOMPARE(open_model(root / "packed")->why_not_evaluated(), model.model().why_not_evaluated());
    }

    void an_unknown_dtype_is_refused() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const FittedModel model = unfitted(tiny_llama(root / "source"));
        ExportOptions options;
        options.dtype = "float13";
        Progress progress;
        QVERIFY_THROWS_EXCEPTION(RecipeError, write_hugging_face(model, root / "out", options, progress));
        QVERIFY(!fs::exists(root / "out"));
    }

private:
    QTemporaryDir temporary_;
    fs::path root_;
};

QTEST_APPLESS_MAIN(TestHuggingFace)
#include "tst_hugging_face.moc"
