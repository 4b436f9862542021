// From config.json and GGUF metadata to the facts of an architecture, and what a wrong value is called.
#include <QtTest>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/model/read_architecture.h"

using namespace quantscope;
using nlohmann::json;

namespace {

const Family& family(std::string_view name) {
    for (const auto& family : families())
        if (family.name == name) return family;
    throw std::runtime_error("no such family");
}

json small() {
    return {{"hidden_size", 64},        {"intermediate_size", 128}, {"vocab_size", 100},
            {"num_attention_heads", 8}, {"num_hidden_layers", 4},   {"num_key_value_heads", 2}};
}

json with(const json& changes) {
    auto config = small();
    config.merge_patch(changes);
    return config;
}

Architecture facts_of(const json& config, std::string_view name = "llama") {
    const auto found = read_architecture(config, family(name), "config.json");
    if (!found.architecture) throw std::runtime_error(found.why_not);
    return *found.architecture;
}

std::string refusal_of(const json& config) {
    try {
        const auto found = read_architecture(config, family("llama"), "config.json");
        return found.architecture ? "accepted" : found.why_not;
    } catch (const FormatError& error) {
        return error.what();
    }
}

} // namespace

class TestReadArchitecture : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void what_is_left_out_takes_the_family_s_default() {
        const auto facts = facts_of({{"hidden_size", 64},
                                     {"intermediate_size", 128},
                                     {"vocab_size", 100},
                                     {"num_attention_heads", 8},
                                     {"num_hidden_layers", 4}});
        QCOMPARE(facts.kv_heads, 8);
        QCOMPARE(facts.head_dim, 8);
        QCOMPARE(facts.rotary_dim, 8);
        QCOMPARE(facts.context, 2048);
        QCOMPARE(facts.rotary_theta, 10000.0);
        QCOMPARE(facts.norm_eps, 1e-6);
        QVERIFY(facts.activation == Activation::silu && !facts.tied_head && !facts.qkv_bias);
        QCOMPARE(facts.window, std::vector<std::int64_t>(4, 0));
        QCOMPARE(facts.attention_scale, 1 / std::sqrt(8.0));
        QCOMPARE(facts_of(small(), "qwen3").head_dim, 128);
        QCOMPARE(facts_of(small(), "mistral").window, std::vector<std::int64_t>(4, 4096));
        QVERIFY(facts_of(small(), "qwen2").qkv_bias && !facts_of(small(), "qwen2").output_bias);
        QVERIFY(facts_of(small(), "qwen3").query_key_norm);
    }

    void both_spellings_of_rotary_positions_are_read() {
        const json scaling = {{"factor", 8.0},
                              {"low_freq_factor", 1.0},
                              {"high_freq_factor", 4.0},
                              {"original_max_position_embeddings", 8192}};
        auto today = scaling, older = scaling;
        today.update({{"rope_type", "llama3"}, {"rope_theta", 500000.0}});
        older.update({{"type", "llama3"}});
        for (const auto& config :
             {with({{"rope_parameters", today}}), with({{"rope_theta", 500000.0}, {"rope_scaling", older}})}) {
            const auto facts = facts_of(config);
            QCOMPARE(facts.rotary_theta, 500000.0);
            QCOMPARE(facts.rotary_scaling.kind, std::string("llama3"));
            QCOMPARE(facts.rotary_scaling.factor, 8.0);
            QCOMPARE(facts.rotary_scaling.original_context, 8192.0);
        }
        QCOMPARE(facts_of(with({{"rope_scaling", nullptr}})).rotary_scaling.kind, std::string("default"));
    }

    void windows_follow_each_family_s_rule_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("changes");
        QTest::addColumn<QList<int>>("windows");
        const QList<int> none = {0, 0, 0, 0};
        QTest::newRow("llama has none") << "llama"
                                        << R"({"sliding_window": 5})" << none;
        QTest::newRow("mistral, every block") << "mistral"
                                              << R"({"sliding_window": 5})" << QList<int>{5, 5, 5, 5};
        QTest::newRow("mistral without") << "mistral"
                                         << R"({"sliding_window": null})" << none;
        QTest::newRow("qwen2 not asked for") << "qwen2"
                                             << R"({"sliding_window": 5, "max_window_layers": 0})" << none;
        QTest::newRow("qwen2 from a block on")
            << "qwen2"
            << R"({"use_sliding_window": true, "sliding_window": 5, "max_window_layers": 3})" << QList<int>{0, 0, 0, 5};
        QTest::newRow("qwen3 block by block")
            << "qwen3"
            << R"({"use_sliding_window": true, "sliding_window": 5, "max_window_layers": 4, "layer_types":
                   ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]})"
            << QList<int>{5, 0, 5, 0};
    }
    void windows_follow_each_family_s_rule() {
        QFETCH(QString, name);
        QFETCH(QString, changes);
        QFETCH(QList<int>, windows);
        auto config = small();
        config.update(json::parse(changes.toStdString())); // null stays null
        const auto facts = facts_of(config, name.toStdString());
        QCOMPARE(facts.window, std::vector<std::int64_t>(windows.begin(), windows.end()));
    }

    void gguf_metadata_say_the_same() {
        const json metadata = {
            {"llama.embedding_length", 64},        {"llama.block_count", 4},
            {"llama.feed_forward_length", 128},    {"llama.attention.head_count", json::array({8, 8, 8, 8})},
            {"llama.attention.head_count_kv", 2},  {"llama.attention.layer_norm_rms_epsilon", 1e-5},
            {"llama.context_length", 777},         {"llama.vocab_size", 100},
            {"llama.rope.freq_base", 12345.0},     {"llama.rope.dimension_count", 8},
            {"llama.rope.scaling.type", "linear"}, {"llama.rope.scaling.factor", 2.0}};
        const auto facts = facts_of(config_from_gguf(metadata, "llama", "x.gguf"));
        QCOMPARE(facts.hidden, 64);
        QCOMPARE(facts.heads, 8);
        QCOMPARE(facts.kv_heads, 2);
        QCOMPARE(facts.head_dim, 8);
        QCOMPARE(facts.rotary_dim, 8);
        QCOMPARE(facts.context, 777);
        QCOMPARE(facts.norm_eps, 1e-5);
        QCOMPARE(facts.rotary_theta, 12345.0);
        QCOMPARE(facts.rotary_scaling.kind, std::string("linear"));
        QCOMPARE(facts.rotary_scaling.factor, 2.0);
        auto uneven = metadata;
        uneven["llama.attention.head_count"] = json::array({8, 4, 8, 8});
        QVERIFY_EXCEPTION_THROWN(config_from_gguf(uneven, "llama", "x.gguf"), FormatError);
    }

    // Each is refused with a sentence that names the key, or the fact that is not known.
    void a_wrong_value_is_refused_by_name_data() {
        QTest::addColumn<QString>("changes");
        QTest::addColumn<QString>("named");
        const auto row = [](const char* changes, const char* named) { QTest::newRow(changes) << changes << named; };
        row(R"({"hidden_size": null})", "hidden_size");
        row(R"({"hidden_size": "64"})", "hidden_size");
        row(R"({"hidden_size": 0})", "hidden_size");
        row(R"({"hidden_size": -64})", "hidden_size");
        row(R"({"hidden_size": 64.5})", "hidden_size");
        row(R"({"hidden_size": 18446744073709551615})", "hidden_size");
        row(R"({"num_hidden_layers": 1000000})", "num_hidden_layers");
        row(R"({"num_attention_heads": 7})", "num_key_value_heads");
        row(R"({"num_key_value_heads": 3})", "num_key_value_heads");
        row(R"({"num_attention_heads": 6, "head_dim": null})", "head_dim");
        row(R"({"head_dim": 7})", "rotary positions");
        row(R"({"rms_norm_eps": "small"})", "rms_norm_eps");
        row(R"({"rope_theta": 0})", "rope_theta");
        row(R"({"rope_scaling": 3})", "rope_scaling");
        row(R"({"rope_scaling": {"type": "linear"}})", "factor");
        row(R"({"rope_scaling": {"type": "linear", "factor": 0}})", "factor");
        row(R"({"rope_scaling": {"type": "linear", "factor": -1}})", "factor");
        row(R"({"rope_scaling": {"type": "spiral", "factor": 2}})", "'spiral' is not known");
        row(R"({"rope_scaling": {"rope_type": "llama3", "factor": 2, "low_freq_factor": 4, "high_freq_factor": 4}})",
            "high_freq_factor");
        row(R"({"rope_parameters": {"full_attention": {"rope_theta": 1e6}}})", "differ between kinds of blocks");
        row(R"({"hidden_act": "swoosh"})", "'swoosh' is not known");
        row(R"({"tie_word_embeddings": "yes"})", "tie_word_embeddings");
        row(R"({"quantization_config": {"quant_method": "gptq"}})", "'gptq'");
    }
    void a_wrong_value_is_refused_by_name() {
        QFETCH(QString, changes);
        QFETCH(QString, named);
        auto config = small();
        config.update(json::parse(changes.toStdString()));
        const auto refusal = refusal_of(config);
        QVERIFY2(refusal.find(named.toStdString()) != std::string::npos, refusal.c_str());
    }
};

QTEST_APPLESS_MAIN(TestReadArchitecture)
#include "tst_read_architecture.moc"
