// The vocabulary in a SentencePiece model file: a protocol buffer of which a few fields are needed. The SentencePiece
// library (Kudo and Richardson 2018) is the judge of what they mean.
#include <bit>
#include <cmath>

#include "core/text/json_reading.h"
#include "core/text/tokenizer.h"
#include "core/text/tokenizer_config.h"
#include "core/text/tokenizer_parts.h"
#include "core/text/unicode.h"

namespace quantscope {

namespace {

/// One field of a protocol buffer message (Google's encoding specification, "Message Structure").
struct Field {
    std::uint64_t number = 0, value = 0; ///< value: of a varint or fixed-width field
    std::string_view bytes;              ///< of a length-delimited one
};

class Message {
public:
    Message(std::string_view bytes, const JsonPlace& place)
        : bytes_(bytes)
        , place_(place) {}

    /// \returns false at the end
    bool next(Field& field) {
        if (at_ == bytes_.size()) return false;
        const auto tag = varint();
        field = {tag >> 3, 0, {}};
        switch (tag & 7) {
        case 0:
            field.value = varint();
            break;
        case 1:
            field.value = little_endian(8);
            break;
        case 2:
            field.bytes = take(varint());
            break;
        case 5:
            field.value = little_endian(4);
            break;
        default:
            place_.fail("is no SentencePiece model: byte " + std::to_string(at_) + " is no field");
        }
        return true;
    }

private:
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<std::uint8_t>(take(1)[0]);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (!(byte & 0x80)) return value;
        }
        place_.fail("is no SentencePiece model: a number is longer than 64 bits");
    }
    std::uint64_t little_endian(unsigned width) {
        const auto bytes = take(width);
        std::uint64_t value = 0;
        for (unsigned i = 0; i < width; ++i)
            value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << 8 * i;
        return value;
    }
    std::string_view take(std::uint64_t count) {
        if (count > bytes_.size() - at_) place_.fail("ends within a field; the file is cut short or damaged");
        const auto taken = bytes_.substr(at_, count);
        at_ += count;
        return taken;
    }

    std::string_view bytes_;
    const JsonPlace& place_;
    std::size_t at_ = 0;
};

enum PieceType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct Model {
    std::vector<std::pair<std::string, std::int64_t>> pieces;
    std::vector<float> scores;
    std::vector<std::uint64_t> types;
    std::uint64_t kind = 1; ///< trainer_spec.model_type: 1 unigram, 2 BPE
    std::string normalizer;
    bool dummy_prefix = true, remove_extra_spaces = true, escape_spaces = true;
};

void read_piece(std::string_view bytes, const JsonPlace& place, Model& model) {
    std::string text;
    float score = 0;
    std::uint64_t type = normal;
    Message message(bytes, place);
    for (Field field; message.next(field);) {
        if (field.number == 1) text = field.bytes;
        if (field.number == 2) score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
        if (field.number == 3) type = field.value;
    }
    if (text.empty() || !is_valid_utf8(text)) place.fail("holds a piece that is empty or not UTF-8");
    if (std::isnan(score)) place.fail("holds a piece whose score is not a number");
    model.pieces.emplace_back(std::move(text), static_cast<std::int64_t>(model.pieces.size()));
    model.scores.push_back(score);
    model.types.push_back(type);
}

Model read_model(std::string_view bytes, const JsonPlace& place) {
    Model model;
    Message message(bytes, place);
    for (Field field; message.next(field);) {
        if (field.number == 1) read_piece(field.bytes, place.below("pieces"), model);
        if (field.number == 2) {
            const auto inner = place.below("trainer_spec");
            Message trainer(field.bytes, inner);
            for (Field item; trainer.next(item);)
                if (item.number == 3) model.kind = item.value;
        }
        if (field.number == 3) {
            const auto inner = place.below("normalizer_spec");
            Message normalizer(field.bytes, inner);
            for (Field item; normalizer.next(item);) {
                if (item.number == 1) model.normalizer = valid_utf8(item.bytes);
                if (item.number == 3) model.dummy_prefix = item.value != 0;
                if (item.number == 4) model.remove_extra_spaces = item.value != 0;
                if (item.number == 5) model.escape_spaces = item.value != 0;
            }
        }
    }
    if (model.pieces.empty()) place.below("pieces").fail("is missing; this is no SentencePiece model");
    if (model.kind != 2)
        place.below("trainer_spec.model_type").fail("is not BPE; only that kind of model is known here");
    if (!model.escape_spaces) place.below("normalizer_spec").fail("keeps spaces as they are; that is not known here");
    if (model.remove_extra_spaces)
        place.below("normalizer_spec").fail("removes extra spaces, which no model of the known families does");
    return model;
}

} // namespace

std::unique_ptr<Tokenizer> Tokenizer::from_sentencepiece(std::string_view bytes, const nlohmann::json& tokenizer_config,
                                                         const std::string& file,
                                                         const nlohmann::json& generation_config) {
    const JsonPlace place{file, ""};
    auto model = read_model(bytes, place);
    auto parts = std::make_unique<TokenizerParts>();
    parts->file = file;
    parts->kind = "SentencePiece BPE";
    if (!model.normalizer.empty() && model.normalizer != "identity")
        parts->remarks.push_back("normalizer_spec.name: the rules \"" + printable(model.normalizer, 60) +
                                 "\" are not applied; unusual characters may be encoded otherwise than in training");
    std::vector<AddedToken> added;
    std::optional<std::int32_t> unknown_id;
    for (const auto& [text, id] : model.pieces) {
        const auto type = model.types[static_cast<std::size_t>(id)];
        const auto index = static_cast<std::int32_t>(id);
        if (type == unknown) unknown_id = index;
        if (type == control && text == "<s>") parts->bos = index;
        if (type == control && text == "</s>") parts->eos = index;
        const bool special = type == control || type == unknown;
        // Those of the user are looked for in the normalized text: spaces before and behind them stay one text.
        if (special || type == user_defined) added.push_back({index, text, special, false, false, !special, false});
    }
    parts->normalizer = sentencepiece_normalizer(model.dummy_prefix);
    parts->decoder = sentencepiece_decoder(model.dummy_prefix);
    parts->added = AddedTokens(std::move(added), AddedTokens::Order::leftmost_longest, nullptr);
    parts->model = std::make_unique<ScoredMerges>(Vocabulary(std::move(model.pieces), file, "pieces"),
                                                  std::move(model.scores), unknown_id);
    if (!member(tokenizer_config, "add_bos_token") && parts->bos) { // as transformers does for such a file
        parts->before.push_back(*parts->bos);
        apply_tokenizer_config(*parts, tokenizer_config, generation_config, true);
    } else {
        apply_tokenizer_config(*parts, tokenizer_config, generation_config, false);
    }
    return std::make_unique<Tokenizer>(std::move(parts));
}

} // namespace quantscope
