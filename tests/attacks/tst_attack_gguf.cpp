// Hostile GGUF files: each is made here, and each must meet its own one-line error.
#include "tests/attacks/made_up_files.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

constexpr std::uint32_t f32 = 0, q8_0 = 8; // types of tensors
constexpr std::uint32_t value_u8 = 0, value_u32 = 4, value_bool = 7, value_text = 8, value_array = 9; // of metadata
const std::string good = gguf_tensor("w", {4}, f32, 0);                                               // 16 bytes

Attack with_tensor(const std::string& info, const std::string& words, std::size_t data_bytes = 64) {
    return {gguf({}, {info}, data_bytes), "w", words};
}
Attack with_entry(const std::string& entry, const std::string& place, const std::string& words) {
    return {gguf({entry}, {good}, 16), place, words};
}
std::string array(std::uint32_t type, std::uint64_t count, const std::string& values) {
    return u32(type) + u64(count) + values;
}

Attack version_of_the_future() { return {gguf({}, {good}, 16, 77), "header", "GGUF version 77"}; }
Attack version_of_the_first_year() { return {gguf({}, {good}, 16, 1), "header", "GGUF version 1"}; }
Attack big_endian() { return {gguf({}, {good}, 16, 0x03000000), "header", "big-endian"}; }
Attack more_tensors_than_bytes() {
    return {"GGUF" + u32(3) + u64(~0ull) + u64(0) + good, "header", "tensors, more than the file has room for"};
}
Attack more_entries_than_bytes() {
    return {"GGUF" + u32(3) + u64(1) + u64(1ull << 63) + good, "header", "key-values, more than the file has room for"};
}
Attack key_of_all_memory() {
    return {"GGUF" + u32(3) + u64(0) + u64(1) + u64(1ull << 40) + std::string(40, 'k'), "metadata",
            "bytes long; the file is damaged"};
}
Attack text_of_all_memory() {
    return with_entry(gguf_text("k") + u32(value_text) + u64(~0ull), "k", "the file ends inside it");
}
Attack array_of_all_memory() {
    return with_entry(gguf_entry("k", value_array, array(value_u8, 1ull << 60, "")), "k",
                      "more than the file has bytes");
}
Attack arrays_nested_too_deeply() {
    return with_entry(gguf_entry("k", value_array, repeated(array(value_array, 1, ""), 50) + array(value_u8, 1, "x")),
                      "k", "nested too deeply");
}
Attack array_bomb() { // empty texts and arrays: 8 to 12 bytes in the file, many more in memory
    return with_entry(gguf_entry("k", value_array, array(value_text, 3'000'000, std::string(24'000'000, '\0'))), "k",
                      "the metadata take more than");
}
Attack value_of_unknown_type() { return with_entry(gguf_entry("k", 13, u64(0)), "k", "unknown value type 13"); }
Attack truth_of_two() { return with_entry(gguf_entry("k", value_bool, "\2"), "k", "neither 0 nor 1"); }
Attack key_given_twice() {
    const std::string entry = gguf_entry("k", value_u32, u32(1));
    return {gguf({entry, entry}, {good}, 16), "k", "occurs twice"};
}
Attack key_that_is_no_text() { return with_entry(gguf_entry("\xff\xfe", value_u32, u32(1)), "metadata", "not UTF-8"); }
Attack alignment_zero() {
    return with_entry(gguf_entry("general.alignment", value_u32, u32(0)), "general.alignment", "not a power of two");
}
Attack alignment_of_all_memory() {
    return with_entry(gguf_entry("general.alignment", value_u32, u32(1u << 31)), "general.alignment",
                      "not a power of two");
}
Attack alignment_that_is_text() {
    return with_entry(gguf_entry("general.alignment", value_text, gguf_text("32")), "general.alignment",
                      "not a power of two");
}
Attack tensor_named_twice() { return {gguf({}, {good, gguf_tensor("w", {4}, f32, 32)}, 64), "w", "occurs twice"}; }
Attack tensors_share_bytes() {
    return {gguf({}, {gguf_tensor("w", {16}, f32, 0), gguf_tensor("x", {4}, f32, 32)}, 64), "x", "shares bytes with"};
}
Attack tensor_without_name() { return {gguf({}, {gguf_tensor("", {4}, f32, 0)}, 16), "tensor list", "has no name"}; }
Attack tensor_beyond_the_file() { return with_tensor(gguf_tensor("w", {17}, f32, 0), "lies outside the file"); }
Attack offset_beyond_any_file() { return with_tensor(gguf_tensor("w", {4}, f32, ~0ull - 31), "lies outside the file"); }
Attack offset_not_aligned() { return with_tensor(gguf_tensor("w", {4}, f32, 8), "no multiple of the alignment 32"); }
Attack shape_overflows_to_few_bytes() { // 2^62 · 4 values of 4 bytes are 0 modulo 2^64
    return with_tensor(gguf_tensor("w", {1ull << 62, 4}, f32, 0), "too large to exist");
}
Attack shape_hides_overflow_behind_zero() {
    return with_tensor(gguf_tensor("w", {1ull << 62, 1ull << 62, 0}, f32, 0), "too large to exist");
}
Attack shape_negative() { return with_tensor(gguf_tensor("w", {~0ull}, f32, 0), "too large to exist"); }
Attack dimensions_without_end() { return {gguf({}, {gguf_text("w") + u32(0xffffffff)}, 64), "w", "at most 4 exist"}; }
Attack rows_of_half_a_block() { return with_tensor(gguf_tensor("w", {48, 2}, q8_0, 0), "do not fill whole blocks"); }
Attack type_that_was_removed() { return with_tensor(gguf_tensor("w", {32}, 4, 0), "unknown type 4"); }
Attack type_of_the_future() { return with_tensor(gguf_tensor("w", {32}, 0xffffffff, 0), "unknown type 4294967295"); }
Attack vocabulary_only() {
    return {gguf({gguf_entry("k", value_u32, u32(1))}, {}, 0), "tensor list", "holds no tensor"};
}

} // namespace

class TestAttackGguf : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

private Q_SLOTS:
    void attack_meets_its_error_data() {
        QTest::addColumn<AttackMaker>("attack");
#define ROW(name) QTest::newRow(#name) << AttackMaker(name)
        ROW(version_of_the_future);
        ROW(version_of_the_first_year);
        ROW(big_endian);
        ROW(more_tensors_than_bytes);
        ROW(more_entries_than_bytes);
        ROW(key_of_all_memory);
        ROW(text_of_all_memory);
        ROW(array_of_all_memory);
        ROW(arrays_nested_too_deeply);
        ROW(array_bomb);
        ROW(value_of_unknown_type);
        ROW(truth_of_two);
        ROW(key_given_twice);
        ROW(key_that_is_no_text);
        ROW(alignment_zero);
        ROW(alignment_of_all_memory);
        ROW(alignment_that_is_text);
        ROW(tensor_named_twice);
        ROW(tensors_share_bytes);
        ROW(tensor_without_name);
        ROW(tensor_beyond_the_file);
        ROW(offset_beyond_any_file);
        ROW(offset_not_aligned);
        ROW(shape_overflows_to_few_bytes);
        ROW(shape_hides_overflow_behind_zero);
        ROW(shape_negative);
        ROW(dimensions_without_end);
        ROW(rows_of_half_a_block);
        ROW(type_that_was_removed);
        ROW(type_of_the_future);
        ROW(vocabulary_only);
#undef ROW
    }
    void attack_meets_its_error() {
        QFETCH(AttackMaker, attack);
        expect_refusal(attack(), folder_.filePath("model.gguf").toStdString());
    }
};

QTEST_APPLESS_MAIN(TestAttackGguf)
#include "tst_attack_gguf.moc"
