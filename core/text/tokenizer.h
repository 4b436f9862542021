// Text to token ids and back, as the model's own files define it: a Hugging Face tokenizer.json, the vocabulary inside
// a GGUF file, or a SentencePiece tokenizer.model. Byte-level BPE and SentencePiece-style BPE.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quantscope {

struct TokenizerParts;

/// Immutable once made: all functions may be called from several threads at a time.
class Tokenizer {
public:
    /// The tokenizer that belongs to a model, looked for on first need of text.
    /// A .gguf file: its own vocabulary. Anything else: tokenizer.json, else tokenizer.model, in the folder (or in the
    /// file's folder), with tokenizer_config.json, generation_config.json and chat_template.jinja where they stand.
    /// \param gguf_metadata  Checkpoint::metadata(); only read when it holds a `tokenizer.ggml.model`
    /// \throws FormatError naming what is missing, incomplete or unknown; IoError
    static std::unique_ptr<Tokenizer> open_beside(const std::filesystem::path& model_path,
                                                  const nlohmann::json& gguf_metadata);

    /// \param tokenizer          the parsed tokenizer.json
    /// \param tokenizer_config   the parsed tokenizer_config.json, or null
    /// \param file               for error messages
    /// \param generation_config  the parsed generation_config.json, or null: more ends of turn
    /// \throws FormatError naming the key: a kind of model or step that is not known, ids that contradict each other
    static std::unique_ptr<Tokenizer> from_tokenizer_json(const nlohmann::json& tokenizer,
                                                          const nlohmann::json& tokenizer_config,
                                                          const std::string& file,
                                                          const nlohmann::json& generation_config = nullptr);

    /// \param metadata  GGUF key-values as one flat JSON object ("tokenizer.ggml.tokens", …)
    /// \throws FormatError naming the key
    static std::unique_ptr<Tokenizer> from_gguf(const nlohmann::json& metadata, const std::string& file);

    /// \param model  the bytes of a SentencePiece model file whose model type is BPE
    /// \throws FormatError
    static std::unique_ptr<Tokenizer> from_sentencepiece(std::string_view model, const nlohmann::json& tokenizer_config,
                                                         const std::string& file,
                                                         const nlohmann::json& generation_config = nullptr);

    ~Tokenizer();
    Tokenizer(const Tokenizer&) = delete;
    Tokenizer& operator=(const Tokenizer&) = delete;

    /// Any bytes are accepted: a sequence that is not UTF-8 counts as U+FFFD.
    /// \param add_special    put the tokens around the text that the file asks for (beginning, end of sequence)
    /// \param parse_special  "<|im_end|>" in the text means that token; false: it is spelled out as ordinary text.
    ///                       User text is encoded with false, a rendered chat template with add_special false and
    ///                       parse_special true
    /// \throws DataError when the file's own pattern exceeds its limits of time on this text
    std::vector<std::int32_t> encode(std::string_view text, bool add_special, bool parse_special) const;

    /// Always valid UTF-8. Ids outside of the vocabulary give nothing.
    /// \param keep_special  false: leaves out control tokens such as "<|im_end|>"
    std::string decode(std::span<const std::int32_t> tokens, bool keep_special = true) const;

    /// One token as it is shown to a person: its text with its leading space; bytes that are no whole character are
    /// spelled "<0xE4>".
    std::string piece(std::int32_t token) const;

    std::int32_t vocabulary_size() const;                           ///< one more than the largest id
    std::optional<std::int32_t> find(std::string_view token) const; ///< the id of a token as the file spells it
    const std::string& spelling(std::int32_t token) const;          ///< as the file spells it; empty for a hole
    bool is_special(std::int32_t token) const;                      ///< a control token, not text
    std::optional<std::int32_t> bos() const;                        ///< beginning of sequence
    std::optional<std::int32_t> eos() const;                        ///< end of sequence
    std::span<const std::int32_t> end_tokens() const;               ///< all that end a turn, eos among them
    bool ends_turn(std::int32_t token) const;                       ///< generation stops here
    bool adds_bos() const;                                          ///< encode(…, add_special) begins with bos()
    const std::string& chat_template() const;                       ///< Jinja; empty when there is none
    std::string describe() const;                                   ///< "byte-level BPE, 49,152 tokens"
    /// What a person should know: an unknown pre-tokenizer for which another one stands in, …
    std::span<const std::string> remarks() const;

    explicit Tokenizer(std::unique_ptr<TokenizerParts> parts); ///< for the readers in this folder

private:
    std::unique_ptr<const TokenizerParts> parts_;
};

/// Decodes a growing sequence token by token, never half a character: what is incomplete waits for the next token.
class TokenStream {
public:
    explicit TokenStream(const Tokenizer& tokenizer, bool keep_special = true)
        : tokenizer_(tokenizer)
        , keep_special_(keep_special) {}
    std::string push(std::int32_t token); ///< the new text, often empty inside a character
    std::string finish();                 ///< what still waits, broken characters as U+FFFD

private:
    const Tokenizer& tokenizer_;
    bool keep_special_;
    std::vector<std::int32_t> window_; ///< the tokens since the text that was last given out began
    std::size_t given_ = 0;            ///< how many of them have been given out
    std::string given_text_;           ///< decode of those
};

} // namespace quantscope
