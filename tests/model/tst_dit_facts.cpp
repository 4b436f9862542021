// Files that claim to be DiTs and are not quite: each is either refused by one line that names the tensor, or opened
// with a sentence that says why it is not evaluated; and none makes the program allocate without bound.
#include <QTemporaryDir>
#include <QtTest>
#include <functional>
#include <map>

#include "core/base/errors.h"
#include "core/model/model.h"
#include "tests/attacks/made_up_files.h"

using namespace quantscope;

namespace {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

Shapes original() {
    return {{"x_embedder.proj.weight", {8, 1, 2, 2}},
            {"x_embedder.proj.bias", {8}},
            {"pos_embed", {1, 4, 8}},
            {"t_embedder.mlp.0.weight", {8, 16}},
            {"t_embedder.mlp.2.weight", {8, 8}},
            {"y_embedder.embedding_table.weight", {4, 8}},
            {"blocks.0.adaLN_modulation.1.weight", {48, 8}},
            {"blocks.0.attn.qkv.weight", {24, 8}},
            {"blocks.0.attn.proj.weight", {8, 8}},
            {"blocks.0.mlp.fc1.weight", {32, 8}},
            {"blocks.0.mlp.fc2.weight", {8, 32}},
            {"final_layer.adaLN_modulation.1.weight", {16, 8}},
            {"final_layer.linear.weight", {8, 8}}};
}

Shapes diffusers() {
    return {{"pos_embed.proj.weight", {8, 1, 2, 2}},
            {"transformer_blocks.0.norm1.emb.timestep_embedder.linear_1.weight", {8, 16}},
            {"transformer_blocks.0.norm1.emb.timestep_embedder.linear_2.weight", {8, 8}},
            {"transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight", {4, 8}},
            {"transformer_blocks.0.norm1.linear.weight", {48, 8}},
            {"transformer_blocks.0.attn1.to_q.weight", {8, 8}},
            {"transformer_blocks.0.attn1.to_k.weight", {8, 8}},
            {"transformer_blocks.0.attn1.to_v.weight", {8, 8}},
            {"transformer_blocks.0.attn1.to_out.0.weight", {8, 8}},
            {"transformer_blocks.0.ff.net.0.proj.weight", {32, 8}},
            {"transformer_blocks.0.ff.net.2.weight", {8, 32}},
            {"proj_out_1.weight", {16, 8}},
            {"proj_out_2.weight", {8, 8}}};
}

std::string file_of(const Shapes& shapes) {
    std::string header = "{";
    std::size_t offset = 0;
    for (const auto& [name, shape] : shapes) {
        std::size_t bytes = 4;
        std::string sizes;
        for (const auto size : shape) {
            bytes *= static_cast<std::size_t>(size);
            sizes += (sizes.empty() ? "" : ",") + std::to_string(size);
        }
        header += (offset || header.size() > 1 ? "," : "") +
                  ("\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[" + sizes) + "],\"data_offsets\":[" +
                  std::to_string(offset) + "," + std::to_string(offset + bytes) + "]}";
        offset += bytes;
    }
    return testing::safetensors(header + "}", offset);
}

struct Row {
    const char* name;
    Shapes shapes;
    std::function<void(Shapes&)> damage;
    const char* config;
    const char* words; ///< of the error, or of why it is not evaluated
};

std::vector<Row> rows() {
    const char* const heads = R"({"num_heads": 2})";
    const char* const named = R"({"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "sample_size": 4})";
    const auto set = [](const char* tensor, std::vector<std::int64_t> shape) {
        return [=](Shapes& shapes) { shapes[tensor] = shape; };
    };
    const auto drop = [](const char* tensor) { return [=](Shapes& shapes) { shapes.erase(tensor); }; };
    return {
        {"patches that are not square", original(), set("x_embedder.proj.weight", {8, 1, 2, 3}), heads,
         "x_embedder.proj"},
        {"a flat patch embedder", original(), set("x_embedder.proj.weight", {8, 4}), heads, "x_embedder.proj"},
        {"patches of no size", original(), set("x_embedder.proj.weight", {8, 1, 0, 0}), heads, "x_embedder.proj"},
        {"a width not divisible by four", original(), set("x_embedder.proj.weight", {6, 1, 2, 2}), heads,
         "x_embedder.proj"},
        {"an output that fits no channels", original(), set("final_layer.linear.weight", {7, 8}), heads,
         "final_layer.linear"},
        {"three times the channels", original(), set("final_layer.linear.weight", {12, 8}), heads,
         "final_layer.linear"},
        {"an empty output", original(), set("final_layer.linear.weight", {0, 8}), heads, "final_layer.linear"},
        {"positions of no square", original(), set("pos_embed", {1, 5, 8}), heads, "pos_embed"},
        {"positions of another width", original(), set("pos_embed", {1, 4, 9}), heads, "pos_embed"},
        {"flat positions", original(), set("pos_embed", {4, 8}), heads, "pos_embed"},
        {"an odd number of features", original(), set("t_embedder.mlp.0.weight", {8, 15}), heads, "t_embedder"},
        {"no features", original(), set("t_embedder.mlp.0.weight", {8, 0}), heads, "t_embedder"},
        {"no class", original(), set("y_embedder.embedding_table.weight", {0, 8}), heads, "y_embedder"},
        {"classes of another width", original(), set("y_embedder.embedding_table.weight", {4, 9}), heads, "y_embedder"},
        {"a modulation too small", original(), set("blocks.0.adaLN_modulation.1.weight", {40, 8}), heads,
         "adaLN_modulation"},
        {"an unfused qkv", original(), set("blocks.0.attn.qkv.weight", {8, 8}), heads, "attn.qkv"},
        {"a bias of another length", original(), set("blocks.0.attn.qkv.bias", {23}), heads, "attn.qkv.bias"},
        {"fc2 that does not fit fc1", original(), set("blocks.0.mlp.fc2.weight", {8, 31}), heads, "mlp.fc2"},
        {"no fc1", original(), drop("blocks.0.mlp.fc1.weight"), heads, "mlp.fc1"},
        {"no time embedder", original(), drop("t_embedder.mlp.2.weight"), heads, "t_embedder.mlp.2"},
        {"a gap in the blocks", original(), set("blocks.7.attn.qkv.weight", {24, 8}), heads, "blocks.1."},
        {"a block far away", original(), set("blocks.99999.attn.qkv.weight", {24, 8}), heads, "blocks.1."},
        {"heads that do not divide", original(), [](Shapes&) {}, R"({"num_heads": 3})", "num_heads"},
        {"no head", original(), [](Shapes&) {}, R"({"num_heads": 0})", "num_heads"},
        {"heads as a text", original(), [](Shapes&) {}, R"({"num_heads": "2"})", "num_heads"},
        {"unknown heads", original(), [](Shapes&) {}, "{}", "--heads N"},
        {"an input of no size", original(), drop("pos_embed"), R"({"num_heads": 2, "input_size": 0})", "input_size"},
        {"an input between patches", original(), drop("pos_embed"), R"({"num_heads": 2, "input_size": 5})",
         "input_size"},
        {"diffusers: no query", diffusers(), drop("transformer_blocks.0.attn1.to_q.weight"), named, "attn1.to_q"},
        {"diffusers: far block's embedder", diffusers(),
         set("transformer_blocks.99999.norm1.emb.class_embedder.embedding_table.weight", {4, 8}), named,
         "transformer_blocks.1."},
        {"diffusers: unknown activation", diffusers(), [](Shapes&) {},
         R"({"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "activation_fn": "swish"})",
         "activation"},
        {"diffusers: other norm", diffusers(), [](Shapes&) {},
         R"({"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "norm_type": "ada_norm"})", "norm type"},
        {"diffusers: sample size", diffusers(), [](Shapes&) {},
         R"({"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "sample_size": 5})", "sample_size"},
        {"diffusers: norm_eps", diffusers(), [](Shapes&) {},
         R"({"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "norm_eps": -1})", "norm_eps"},
    };
}

} // namespace

class TestDitFacts : public QObject {
    Q_OBJECT

    QTemporaryDir folder_;
    std::filesystem::path write(const Shapes& shapes, const std::string& config) {
        const auto folder = std::filesystem::path(folder_.path().toStdString());
        std::ofstream(folder / "model.safetensors", std::ios::binary) << file_of(shapes);
        std::ofstream(folder / "config.json") << config;
        return folder;
    }

private Q_SLOTS:
    void an_intact_file_is_evaluated_data() {
        QTest::addColumn<bool>("by_diffusers");
        QTest::newRow("original") << false;
        QTest::newRow("diffusers") << true;
    }
    void an_intact_file_is_evaluated() {
        QFETCH(bool, by_diffusers);
        const auto model = Model::open(
            by_diffusers ? write(diffusers(), R"({"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2})")
                         : write(original(), R"({"num_heads": 2})"));
        QVERIFY2(model->diffusion(), model->why_not_evaluated().c_str());
        QCOMPARE(model->diffusion()->out_channels, std::int64_t(2));
        QCOMPARE(model->diffusion()->classes, std::int64_t(3));
    }

    void a_damaged_file_is_named_data() {
        QTest::addColumn<int>("index");
        const auto all = rows();
        for (std::size_t i = 0; i < all.size(); ++i)
            QTest::newRow(all[i].name) << int(i);
    }
    void a_damaged_file_is_named() {
        QFETCH(int, index);
        auto row = rows()[std::size_t(index)];
        row.damage(row.shapes);
        std::string said;
        try {
            const auto model = Model::open(write(row.shapes, row.config));
            QVERIFY(!model->diffusion());
            said = model->why_not_evaluated();
        } catch (const Error& error) {
            said = error.what();
            QVERIFY2(said.find("; ") != std::string::npos, ("no remedy: " + said).c_str());
        }
        QVERIFY2(said.find(row.words) != std::string::npos, said.c_str());
        QVERIFY2(said.find('\n') == std::string::npos, said.c_str());
    }
};

QTEST_APPLESS_MAIN(TestDitFacts)
#include "tst_dit_facts.moc"
