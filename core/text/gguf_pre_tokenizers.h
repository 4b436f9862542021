// The pre-tokenizers that GGUF files name in `tokenizer.ggml.pre`, with what each name means to llama.cpp.
#pragma once

#include <string_view>
#include <vector>

namespace quantscope {

struct GgufPreTokenizer {
    std::vector<const char*> expressions; ///< each cuts what the one before left whole
    bool ignore_merges = false;
    bool adds_bos = false; ///< when the file does not say
};

/// Null for a name that is not known.
const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name);

} // namespace quantscope
