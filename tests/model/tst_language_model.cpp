// What a LanguageModel promises beyond right logits: scores, comparisons, text, observation and refusals.
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>
#include <set>

#include "core/base/errors.h"
#include "core/model/language_model.h"

using namespace quantscope;

namespace {

const std::filesystem::path goldens = std::filesystem::path(QUANTSCOPE_GOLDENS) / "model";

LanguageModel open(const std::string& name, ComputeOptions options = {}) {
    options.device = "cpu";
    return LanguageModel(std::make_shared<OriginalWeights>(Model::open(goldens / name)), options);
}

std::vector<std::int32_t> random_tokens(std::size_t count, unsigned seed = 1) {
    std::mt19937 generator(seed);
    std::vector<std::int32_t> tokens(count);
    for (auto& token : tokens)
        token = static_cast<std::int32_t>(generator() % 64);
    return tokens;
}

/// ln p of every token of the vocabulary, from one row of logits, in double.
std::vector<double> log_probabilities(std::span<const float> logits) {
    const double highest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (float logit : logits)
        sum += std::exp(logit - highest);
    std::vector<double> result;
    for (float logit : logits)
        result.push_back(logit - highest - std::log(sum));
    return result;
}

std::vector<double> log_probabilities_at(const std::vector<float>& logits, std::size_t position) {
    return log_probabilities(std::span(logits).subspan(position * 64, 64));
}

std::int32_t likeliest(const std::vector<double>& values) {
    return static_cast<std::int32_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

template <typename Call>
std::string message_of(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was thrown";
}

} // namespace

class TestLanguageModel : public QObject {
    Q_OBJECT

    static void add_models() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"llama_grouped_wide", "llama_tied_wide", "llama3_wide", "llama_dynamic_wide",
                                 "llama_yarn_wide", "mistral_window_wide", "qwen2_window_wide", "qwen3_wide"})
            QTest::newRow(name) << QString(name);
    }

private Q_SLOTS:
    // The cache must give what running the whole text anew gives, past windows and past the rotary's first context.
    void text_with_the_cache_equals_text_computed_anew_data() { add_models(); }
    void text_with_the_cache_equals_text_computed_anew() {
        QFETCH(QString, name);
        auto model = open(name.toStdString());
        Progress progress;
        auto text = random_tokens(11);
        const auto generated = model.generate(text, {}, {}, 30, {}, progress);
        QCOMPARE(generated.size(), 30u);
        for (const auto token : generated) {
            const auto logits = model.logits(text, progress);
            QCOMPARE(token, likeliest(log_probabilities_at(logits, text.size() - 1)));
            text.push_back(token);
        }
    }

    void a_long_prompt_is_read_in_pieces_without_a_difference_data() { add_models(); }
    void a_long_prompt_is_read_in_pieces_without_a_difference() {
        QFETCH(QString, name);
        auto model = open(name.toStdString());
        Progress progress;
        const auto prompt = random_tokens(2500);
        const auto logits = model.logits(prompt, progress);
        const auto next = model.generate(prompt, {}, {}, 1, {}, progress);
        QCOMPARE(next.at(0), likeliest(log_probabilities_at(logits, prompt.size() - 1)));
    }

    void text_stops_where_it_is_told_to() {
        auto model = open("llama_grouped_wide");
        Progress progress;
        const auto prompt = random_tokens(5);
        const auto all = model.generate(prompt, {}, {}, 12, {}, progress);
        QCOMPARE(all.size(), 12u);
        const auto place = std::find(all.begin(), all.end(), all[7]) - all.begin();
        const std::vector<std::int32_t> stop = {all[7]};
        std::vector<std::int32_t> streamed;
        const auto stopped = model.generate(
            prompt, {}, stop, 12, [&](std::int32_t token) { return streamed.push_back(token), true; }, progress);
        QCOMPARE(stopped, std::vector<std::int32_t>(all.begin(), all.begin() + place));
        QCOMPARE(streamed, stopped);
        int told = 0;
        QCOMPARE(model
                     .generate(
                         prompt, {}, {}, 12, [&](std::int32_t) { return ++told < 3; }, progress)
                     .size(),
                 3u);
        QVERIFY(model.generate(prompt, {}, {}, 0, {}, progress).empty());
    }

    void sampling_follows_its_seed() {
        auto model = open("llama_grouped_default");
        Progress progress;
        const auto prompt = random_tokens(5);
        const auto text = [&](std::uint64_t seed) {
            return model.generate(prompt, {.temperature = 1, .seed = seed}, {}, 20, {}, progress);
        };
        QCOMPARE(text(3), text(3));
        QVERIFY(text(3) != text(4));
    }

    void scores_are_what_the_logits_say_data() {
        QTest::addColumn<int>("count");
        QTest::addColumn<int>("length");
        QTest::addColumn<int>("first");
        QTest::newRow("one window") << 1 << 40 << 1;
        QTest::newRow("five windows in one batch") << 5 << 40 << 1;
        QTest::newRow("the second half") << 3 << 40 << 21;
        QTest::newRow("the last token alone") << 2 << 17 << 16;
    }
    void scores_are_what_the_logits_say() {
        QFETCH(int, count);
        QFETCH(int, length);
        QFETCH(int, first);
        auto model = open("mistral_window_wide");
        Progress progress;
        const auto tokens = random_tokens(static_cast<std::size_t>(count * length));
        const auto scores = model.score(tokens, count, first, progress);
        QCOMPARE(scores.size(), static_cast<std::size_t>(count * (length - first)));
        auto score = scores.begin();
        for (int window = 0; window < count; ++window) {
            const auto ids =
                std::span(tokens).subspan(static_cast<std::size_t>(window * length), static_cast<std::size_t>(length));
            const auto logits = model.logits(ids, progress);
            for (int position = first; position < length; ++position, ++score) {
                const auto expected = log_probabilities_at(logits, static_cast<std::size_t>(position - 1));
                QVERIFY(std::abs(score->nll +
                                 expected[static_cast<std::size_t>(ids[static_cast<std::size_t>(position)])]) < 1e-4);
                QCOMPARE(score->best, likeliest(expected));
            }
        }
    }

    void divergence_is_what_the_logits_say() {
        auto reference = open("llama_grouped_wide"), candidate = open("llama3_wide");
        Progress progress;
        const auto tokens = random_tokens(30);
        const auto found = reference.compare(candidate, tokens, 1, 1, progress);
        const auto p_logits = reference.logits(tokens, progress), q_logits = candidate.logits(tokens, progress);
        QCOMPARE(found.size(), 29u);
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto p = log_probabilities_at(p_logits, i), q = log_probabilities_at(q_logits, i);
            double kl = 0;
            for (std::size_t token = 0; token < 64; ++token)
                kl += std::exp(p[token]) * (p[token] - q[token]);
            const auto next = static_cast<std::size_t>(tokens[i + 1]);
            QVERIFY(std::abs(found[i].kl - kl) < 1e-4 * (1 + kl));
            QVERIFY(std::abs(found[i].reference_nll + p[next]) < 1e-4);
            QVERIFY(std::abs(found[i].candidate_nll + q[next]) < 1e-4);
            QCOMPARE(found[i].agrees, likeliest(p) == likeliest(q));
        }
    }

    void a_model_does_not_diverge_from_itself() {
        auto model = open("llama_grouped_wide"), same = open("llama_grouped_wide");
        Progress progress;
        for (const auto& token : model.compare(same, random_tokens(40), 2, 1, progress)) {
            QVERIFY(token.kl >= 0 && token.kl < 1e-6f);
            QVERIFY(token.agrees);
            QCOMPARE(token.candidate_nll, token.reference_nll);
        }
    }

    void several_candidates_at_once_equal_one_at_a_time() {
        auto reference = open("llama_grouped_wide"), one = open("llama3_wide"), two = open("llama_biases_wide");
        LanguageModel* const both[] = {&one, &two};
        Progress progress;
        const auto tokens = random_tokens(40);
        const auto together = reference.compare(both, tokens, 2, 1, progress);
        QCOMPARE(together.size(), 2u);
        for (std::size_t i = 0; i < 2; ++i) {
            const auto alone = reference.compare(*both[i], tokens, 2, 1, progress);
            QCOMPARE(together[i].size(), alone.size());
            for (std::size_t j = 0; j < alone.size(); ++j) {
                QCOMPARE(together[i][j].kl, alone[j].kl);
                QCOMPARE(together[i][j].candidate_nll, alone[j].candidate_nll);
            }
        }
    }

    void coloured_text_has_an_entry_per_token_and_both_models_favourites() {
        auto reference = open("llama_grouped_wide"), candidate = open("llama3_wide");
        Progress progress;
        const auto tokens = random_tokens(20);
        const auto text = reference.compare_text(candidate, tokens, 3, progress);
        QCOMPARE(text.tokens.size(), tokens.size());
        QCOMPARE(text.candidates.size(), tokens.size());
        QCOMPARE(text.tokens[0].kl, 0.0f);
        QVERIFY(text.candidates[0].empty());
        const auto p_logits = reference.logits(tokens, progress), q_logits = candidate.logits(tokens, progress);
        for (std::size_t i = 1; i < tokens.size(); ++i) {
            const auto p = log_probabilities_at(p_logits, i - 1), q = log_probabilities_at(q_logits, i - 1);
            const auto& candidates = text.candidates[i];
            QVERIFY(candidates.size() >= 3 && candidates.size() <= 6);
            QCOMPARE(candidates.front().token, likeliest(p));
            std::set<std::int32_t> seen;
            for (const auto& entry : candidates) {
                QVERIFY(seen.insert(entry.token).second);
                const auto token = static_cast<std::size_t>(entry.token);
                QVERIFY(std::abs(entry.reference - std::exp(p[token])) < 1e-5);
                QVERIFY(std::abs(entry.candidate - std::exp(q[token])) < 1e-5);
            }
            QVERIFY(seen.contains(likeliest(q)));
        }
        QCOMPARE(reference.compare_text(candidate, std::span(tokens).first(1), 3, progress).tokens.size(), 1u);
        QVERIFY(reference.compare_text(candidate, {}, 3, progress).tokens.empty());
    }

    void observers_see_every_linear_with_its_input() {
        auto model = open("qwen3_wide");
        const auto& description = model.weights().model();
        const auto tokens = random_tokens(6);
        std::vector<std::string> order;
        std::vector<float> first_input;
        model.observe_linear_inputs([&](const Site& site, std::span<const float> values, std::int64_t count) {
            QCOMPARE(count, 6);
            QCOMPARE(static_cast<std::int64_t>(values.size()), 6 * site.in);
            if (order.empty()) first_input.assign(values.begin(), values.end());
            order.push_back(site.name);
        });
        Progress progress;
        model.logits(tokens, progress);
        QCOMPARE(order.size(), 14u);
        QCOMPARE(std::set<std::string>(order.begin(), order.end()).size(), 14u);
        QCOMPARE(order.front(), std::string("model.layers.0.self_attn.q_proj"));
        QCOMPARE(order.back(), std::string("model.layers.1.mlp.down_proj"));

        // The first linear sees the normalized embedding.
        const auto embedding = description.checkpoint().read(*description.tensor("model.embed_tokens.weight"));
        const auto norm = description.read_vector("model.layers.0.input_layernorm.weight");
        const auto width = norm.size();
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            const float* row = &embedding[static_cast<std::size_t>(tokens[i]) * width];
            double squares = 0;
            for (std::size_t j = 0; j < width; ++j)
                squares += double(row[j]) * row[j];
            const double size = std::sqrt(squares / static_cast<double>(width) + model.architecture().norm_eps);
            for (std::size_t j = 0; j < width; ++j)
                QVERIFY(std::abs(first_input[i * width + j] - row[j] / size * norm[j]) < 1e-5);
        }
        model.observe_linear_inputs({});
        model.logits(tokens, progress);
        QCOMPARE(order.size(), 14u);
    }

    void progress_rises_to_its_end_and_a_cancelled_one_stops() {
        auto model = open("llama_grouped_wide");
        double last = 0;
        Progress progress([&](double fraction, std::string_view) {
            QVERIFY(fraction >= last && fraction <= 1);
            last = fraction;
        });
        model.score(random_tokens(400), 10, 1, progress);
        QVERIFY(last > 0.5);
        progress.cancel();
        QVERIFY_EXCEPTION_THROWN(model.score(random_tokens(400), 10, 1, progress), Cancelled);
        QVERIFY_EXCEPTION_THROWN(model.logits(random_tokens(4), progress), Cancelled);
        QVERIFY_EXCEPTION_THROWN(model.generate(random_tokens(4), {}, {}, 4, {}, progress), Cancelled);
        Progress fresh;
        QCOMPARE(model.score(random_tokens(40), 1, 1, fresh).size(), 39u);
    }

    void what_cannot_be_run_is_refused_with_its_name() {
        auto model = open("llama_grouped_wide");
        Progress progress;
        const std::vector<std::int32_t> beyond = {1, 64}, negative = {1, -1};
        QVERIFY(message_of([&] { model.logits(beyond, progress); }).find("token 64") != std::string::npos);
        QVERIFY(message_of([&] { model.score(beyond, 1, 1, progress); }).find("64 tokens") != std::string::npos);
        QVERIFY(message_of([&] { model.generate(negative, {}, {}, 1, {}, progress); }).find("token -1") !=
                std::string::npos);
        QVERIFY_EXCEPTION_THROWN(model.generate({}, {}, {}, 1, {}, progress), DataError);
        QVERIFY_EXCEPTION_THROWN(model.score(random_tokens(10), 3, 1, progress), ShapeError);
        QVERIFY_EXCEPTION_THROWN(model.score(random_tokens(10), 2, 0, progress), ShapeError);
        QVERIFY_EXCEPTION_THROWN(model.score(random_tokens(10), 2, 5, progress), ShapeError);
        QVERIFY(model.logits({}, progress).empty());
    }

    void an_unknown_device_is_refused_with_those_that_there_are_data() {
        QTest::addColumn<QString>("device");
        for (const char* device : {"tpu", "", "cuda:99", "cuda:-1", "cuda:x", "CPU"})
            QTest::newRow(device) << QString(device);
    }
    void an_unknown_device_is_refused_with_those_that_there_are() {
        QFETCH(QString, device);
        const auto message = message_of([&] { resolve_device(device.toStdString()); });
        QVERIFY2(message.find("one of: cpu") != std::string::npos, message.c_str());
    }

    void the_compute_type_is_float32_unless_asked_otherwise() {
        QCOMPARE(open("llama_grouped_wide").compute_type(), std::string("float32")); // stored as bfloat16, but small
        QCOMPARE(open("llama_grouped_wide", {.type = ComputeType::bfloat16}).compute_type(), std::string("bfloat16"));
        QCOMPARE(open("llama_grouped_wide").device(), std::string("cpu"));
    }
};

QTEST_APPLESS_MAIN(TestLanguageModel)
#include "tst_language_model.moc"
