// The table of names. Source: the behaviour of llama.cpp (2025–2026), whose converter writes the names; each family's
// expression is the one in its tokenizer.json, with letters' case spelled out where that says (?i).
#include "core/text/gguf_pre_tokenizers.h"

#include <map>

namespace quantscope {

namespace {

#define CONTRACTIONS "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
#define LETTERS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define SYMBOLS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
#define SPACES "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
// Tekken and GPT-4o part words where a capital follows a small letter. llama.cpp knows only A–Z and a–z there, and it
// is the judge for GGUF files.
#define CAPITALS_THEN_SMALL "[^\\r\\n\\p{L}\\p{N}]?(?:(?=\\p{L})[^a-z])*(?:(?=\\p{L})[^A-Z])+"
#define CAPITALS "[^\\r\\n\\p{L}\\p{N}]?(?:(?=\\p{L})[^a-z])+(?:(?=\\p{L})[^A-Z])*"

constexpr const char* gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
constexpr const char* llama3 = CONTRACTIONS "|" LETTERS "|\\p{N}{1,3}|" SYMBOLS "|" SPACES;
constexpr const char* qwen2 = CONTRACTIONS "|" LETTERS "|\\p{N}|" SYMBOLS "|" SPACES;
constexpr const char* qwen35 = CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
                                            "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES;
constexpr const char* tekken = CAPITALS_THEN_SMALL "|" CAPITALS "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES;
constexpr const char* gpt4o =
    CAPITALS_THEN_SMALL CONTRACTIONS "?|" CAPITALS CONTRACTIONS "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES;
constexpr const char* deepseek3 =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES;
constexpr const char* bailing =
    "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" LETTERS "|\\p{N}|" SYMBOLS "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
constexpr const char* seed_coder = CONTRACTIONS "|" LETTERS "|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" SPACES;

const std::map<std::string_view, GgufPreTokenizer, std::less<>>& table() {
    static const auto names = [] {
        std::map<std::string_view, GgufPreTokenizer, std::less<>> t;
        const auto add = [&](std::initializer_list<std::string_view> same, GgufPreTokenizer meaning) {
            for (const auto name : same)
                t[name] = meaning;
        };
        add({"default"}, {{"[\\p{P}\\$\\+<=>\\^~\\|]+", gpt2, "\\p{N}+", "[0-9][0-9][0-9]"}});
        add({"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"},
            {{llama3}, true, true});
        add({"dbrx", "smaug-bpe", "chatglm-bpe"}, {{llama3}});
        add({"glm4", "glm5"}, {{llama3}, true});
        add({"gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum",
             "modern-bert", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4"},
            {{gpt2}});
        add({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"},
            {{"\\p{N}", gpt2}});
        add({"qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "hunyuan", "solar-open", "megrez", "grok-2"},
            {{qwen2}});
        add({"qwen35"}, {{qwen35}});
        add({"tekken"}, {{tekken}, true, true});
        add({"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, {{gpt4o}});
        add({"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"},
            {{"\\p{N}{1,3}", "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+", deepseek3}});
        add({"deepseek-coder"}, {{"[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+",
                                  "[\\x{4e00}-\\x{9fa5}\\x{0800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+", "\\p{N}"}});
        add({"falcon"}, {{"[\\p{P}\\$\\+<=>\\^~\\|`]+", gpt2, "[0-9][0-9][0-9]"}});
        add({"bailingmoe", "bailingmoe2", "llada-moe"}, {{bailing}});
        add({"seed-coder"}, {{seed_coder}});
        return t;
    }();
    return names;
}

#undef CONTRACTIONS
#undef LETTERS
#undef SYMBOLS
#undef SPACES
#undef CAPITALS_THEN_SMALL
#undef CAPITALS

} // namespace

const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name) {
    const auto it = table().find(name);
    return it == table().end() ? nullptr : &it->second;
}

} // namespace quantscope
