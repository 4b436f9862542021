// Perplexity and divergence on tiny models, against the definitions written out over their logits.
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "core/base/errors.h"
#include "core/comparison/perplexity.h"

using namespace quantscope;

namespace {

LanguageModel open(const std::filesystem::path& path) {
    ComputeOptions options;
    options.device = "cpu";
    return LanguageModel(std::make_shared<OriginalWeights>(Model::open(path)), options);
}

LanguageModel golden(const char* name) { return open(std::filesystem::path(QUANTSCOPE_GOLDENS) / "model" / name); }

std::vector<std::int32_t> random_tokens(std::size_t count) {
    std::mt19937 generator(5);
    std::vector<std::int32_t> tokens(count);
    for (auto& token : tokens)
        token = static_cast<std::int32_t>(generator() % 64);
    return tokens;
}

/// −ln p of window[position], in double.
double nll_at(const std::vector<float>& logits, std::span<const std::int32_t> window, std::size_t position) {
    const float* row = &logits[(position - 1) * 64];
    double sum = 0;
    for (int i = 0; i < 64; ++i)
        sum += std::exp(double(row[i]));
    return std::log(sum) - row[window[position]];
}

using Window = std::vector<std::int32_t>;

/// Every token but the first, as Hugging Face's guide predicts them; BOS takes one place of each window.
std::vector<double> by_huggingface(LanguageModel& model, std::vector<std::int32_t> tokens, std::size_t context,
                                   std::optional<std::int32_t> bos) {
    std::vector<double> all;
    Progress progress;
    while (!tokens.empty()) {
        Window window;
        if (bos) window.push_back(*bos);
        while (window.size() < context && !tokens.empty()) {
            window.push_back(tokens.front());
            tokens.erase(tokens.begin());
        }
        const auto logits = model.logits(window, progress);
        for (std::size_t position = 1; position < window.size(); ++position)
            all.push_back(nll_at(logits, window, position));
    }
    return all;
}

/// The second half of full windows, as llama.cpp's tool does: logits n/2 … n − 2 predict tokens n/2 + 1 … n − 1.
std::vector<double> by_llama_cpp(LanguageModel& model, const std::vector<std::int32_t>& tokens, std::size_t context,
                                 std::optional<std::int32_t> bos) {
    std::vector<double> all;
    Progress progress;
    for (std::size_t chunk = 0; chunk < tokens.size() / context; ++chunk) {
        Window window(tokens.begin() + static_cast<std::ptrdiff_t>(chunk * context),
                      tokens.begin() + static_cast<std::ptrdiff_t>((chunk + 1) * context));
        if (bos) window[0] = *bos;
        const auto logits = model.logits(window, progress);
        for (std::size_t i = context / 2; i < context - 1; ++i)
            all.push_back(nll_at(logits, window, i + 1));
    }
    return all;
}

} // namespace

class TestPerplexity : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void perplexity_follows_its_definition_data() {
        QTest::addColumn<int>("tokens");
        QTest::addColumn<int>("context");
        QTest::addColumn<bool>("with_bos");
        QTest::addColumn<int>("batch");
        QTest::newRow("whole windows") << 96 << 32 << false << 2048;
        QTest::newRow("a shorter last window") << 101 << 32 << false << 2048;
        QTest::newRow("a last window of one token") << 97 << 32 << false << 2048;
        QTest::newRow("a last window of two tokens") << 98 << 32 << false << 2048;
        QTest::newRow("one window at a time") << 101 << 32 << false << 1;
        QTest::newRow("two windows at a time") << 160 << 32 << false << 64;
        QTest::newRow("an odd context") << 100 << 17 << false << 2048;
        QTest::newRow("with BOS") << 101 << 32 << true << 2048;
        QTest::newRow("with BOS, whole windows") << 93 << 32 << true << 64;
        QTest::newRow("with BOS, a last token alone") << 94 << 32 << true << 2048;
    }
    void perplexity_follows_its_definition() {
        QFETCH(int, tokens);
        QFETCH(int, context);
        QFETCH(bool, with_bos);
        QFETCH(int, batch);
        auto model = golden("llama_grouped_wide");
        const auto text = random_tokens(static_cast<std::size_t>(tokens));
        PerplexityOptions options{.context = context, .batch_tokens = batch};
        if (with_bos) options.bos = 1;
        for (const auto convention : {PerplexityConvention::huggingface, PerplexityConvention::llama_cpp}) {
            options.convention = convention;
            const auto cut = static_cast<std::size_t>(context);
            const auto expected = convention == PerplexityConvention::huggingface
                                      ? by_huggingface(model, text, cut, options.bos)
                                      : by_llama_cpp(model, text, cut, options.bos);
            Progress progress;
            const auto found = perplexity(model, text, options, progress);
            QCOMPARE(found.tokens(), expected.size());
            double sum = 0;
            for (std::size_t i = 0; i < expected.size(); ++i) {
                QVERIFY(std::abs(found.token_nll[i] - expected[i]) < 1e-4);
                sum += expected[i];
            }
            const double mean = sum / static_cast<double>(expected.size());
            QVERIFY(std::abs(found.nll - mean) < 1e-5 * mean);
            QVERIFY(std::abs(found.perplexity - std::exp(mean)) < 1e-4 * std::exp(mean));
            QCOMPARE(found.bos, with_bos);
            QCOMPARE(found.convention, std::string(name(convention)));
        }
    }

    void max_tokens_means_the_text_s_first_tokens() {
        auto model = golden("llama_grouped_wide");
        const auto text = random_tokens(200);
        Progress progress;
        const auto some = perplexity(model, text, {.context = 32, .max_tokens = 77}, progress);
        const auto cut = perplexity(model, std::span(text).first(77), {.context = 32}, progress);
        QCOMPARE(some.token_nll, cut.token_nll);
        QCOMPARE(perplexity(model, text, {.context = 32, .max_tokens = 500}, progress).token_nll,
                 perplexity(model, text, {.context = 32}, progress).token_nll);
    }

    void several_candidates_are_compared_while_the_reference_runs_once() {
        auto reference = golden("llama_grouped_wide"), one = golden("llama3_wide"), two = golden("llama_biases_wide");
        int passes = 0; // a block's first linear is seen once per pass
        reference.observe_linear_inputs([&](const Site& site, std::span<const float>, std::int64_t) {
            passes += site.block == 0 && site.role == role::q;
        });
        LanguageModel* const both[] = {&one, &two};
        const auto text = random_tokens(200);
        const PerplexityOptions options{.context = 32, .batch_tokens = 64};
        Progress progress;
        const auto results = divergence(reference, both, text, options, progress);
        QCOMPARE(passes, 4); // six windows and a rest of eight tokens, two windows at a time
        reference.observe_linear_inputs({});

        QCOMPARE(results.size(), 2u);
        const auto alone = perplexity(reference, text, options, progress);
        for (std::size_t i = 0; i < 2; ++i) {
            const auto& result = results[i];
            QVERIFY(std::abs(result.reference.nll - alone.nll) < 1e-6 * alone.nll);
            const auto candidate_alone = perplexity(*both[i], text, options, progress);
            QVERIFY(std::abs(result.candidate.nll - candidate_alone.nll) < 1e-6 * candidate_alone.nll);
            const auto single = divergence(reference, *both[i], text, options, progress);
            QCOMPARE(result.token_kl, single.token_kl);
            QCOMPARE(result.top1_agreement, single.top1_agreement);
            QCOMPARE(result.nll_standard_error, single.nll_standard_error);

            double sum = 0;
            for (float kl : result.token_kl)
                sum += kl;
            QVERIFY(std::abs(result.kl_mean - sum / static_cast<double>(result.token_kl.size())) < 1e-9);
            auto sorted = result.token_kl;
            std::sort(sorted.begin(), sorted.end());
            const auto below = std::lower_bound(sorted.begin(), sorted.end(), static_cast<float>(result.kl_p99));
            const auto share = static_cast<double>(below - sorted.begin()) / static_cast<double>(sorted.size());
            QVERIFY2(share > 0.98 && share < 1, std::to_string(share).c_str());
            QVERIFY(std::abs(result.nll_difference - (result.candidate.nll - result.reference.nll)) < 1e-6);
        }
    }

    void a_model_does_not_differ_from_itself() {
        auto model = golden("qwen3_wide"), same = golden("qwen3_wide");
        Progress progress;
        const auto result = divergence(model, same, random_tokens(100), {.context = 32}, progress);
        QVERIFY(result.kl_mean < 1e-6);
        QCOMPARE(result.top1_agreement, 1.0);
        QCOMPARE(result.nll_difference, 0.0);
        QCOMPARE(result.nll_standard_error, 0.0);
    }

    // Student's sleep data (1908): ten patients, mean difference 1.58, standard deviation 1.229995.
    void the_standard_error_is_that_of_paired_differences() {
        const std::vector<float> first = {0.7f, -1.6f, -0.2f, -1.2f, -0.1f, 3.4f, 3.7f, 0.8f, 0.0f, 2.0f};
        const std::vector<float> second = {1.9f, 0.8f, 1.1f, 0.1f, -0.1f, 4.4f, 5.5f, 1.6f, 4.6f, 3.4f};
        const auto paired = paired_difference(first, second);
        QVERIFY(std::abs(paired.mean - 1.58) < 1e-6);
        QVERIFY(std::abs(paired.mean / paired.standard_error - 4.0621) < 1e-4); // the published t statistic
        QVERIFY(std::isnan(paired_difference(std::span(first).first(1), std::span(second).first(1)).standard_error));
        QVERIFY_EXCEPTION_THROWN(paired_difference(first, std::span(second).first(9)), ShapeError);
    }

    void what_cannot_be_measured_is_refused() {
        auto model = golden("llama_grouped_wide");
        Progress progress;
        QVERIFY_EXCEPTION_THROWN(perplexity(model, random_tokens(1), {}, progress), DataError);
        QVERIFY_EXCEPTION_THROWN(perplexity(model, {}, {}, progress), DataError);
        QVERIFY_EXCEPTION_THROWN(perplexity(model, random_tokens(50), {.context = 1}, progress), UsageError);
        const PerplexityOptions llama{.context = 64, .convention = PerplexityConvention::llama_cpp};
        QVERIFY_EXCEPTION_THROWN(perplexity(model, random_tokens(63), llama, progress), DataError);
        QVERIFY_EXCEPTION_THROWN(perplexity_convention("llama"), UsageError);
        QCOMPARE(perplexity_convention("llama.cpp"), PerplexityConvention::llama_cpp);
        QCOMPARE(perplexity_convention("huggingface"), PerplexityConvention::huggingface);
        progress.cancel();
        QVERIFY_EXCEPTION_THROWN(perplexity(model, random_tokens(50), {}, progress), Cancelled);
    }

    void models_of_different_vocabularies_are_not_compared() {
        if (!QFile::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not installed");
        auto small = golden("llama_grouped_wide"), other = open(QUANTSCOPE_DEFAULT_MODEL);
        Progress progress;
        QVERIFY_EXCEPTION_THROWN(divergence(small, other, random_tokens(50), {}, progress), DataError);
        QVERIFY_EXCEPTION_THROWN(small.compare(other, random_tokens(50), 1, 1, progress), DataError);
        QVERIFY_EXCEPTION_THROWN(small.compare_text(other, random_tokens(50), 3, progress), DataError);
    }
};

QTEST_APPLESS_MAIN(TestPerplexity)
#include "tst_perplexity.moc"
