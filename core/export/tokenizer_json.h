// The vocabulary inside a GGUF file as Hugging Face's tokenizer.json, for exports that other programs load.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace quantscope {

struct TokenizerFiles {
    nlohmann::json tokenizer; ///< tokenizer.json; null when the file has no vocabulary or one of an unknown kind
    nlohmann::json config;    ///< tokenizer_config.json
    std::vector<std::string> remarks;
};

/// Byte-level BPE ("gpt2") from vocabulary, merges and the pre-tokenizer's name; SentencePiece BPE ("llama") from
/// scores, whose order of merges is the order of their results' scores. \throws FormatError naming the key when the
/// metadata contradict themselves
TokenizerFiles tokenizer_json_from_gguf(const nlohmann::json& metadata, const std::string& file);

} // namespace quantscope
