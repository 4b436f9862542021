// Hostile safetensors files: each is made here, and each must meet its own one-line error.
#include "tests/attacks/made_up_files.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets, std::size_t bytes) {
    return safetensors("{" + entry("w", dtype, shape, offsets) + "}", bytes);
}
const std::string good = entry("w", "F32", "[2]", "[0,8]");

Attack header_longer_than_file() { return {u64(1000) + "{}", "header", "1000 bytes long, more than the file"}; }
Attack header_of_all_memory() { return {u64(~0ull) + "{}", "header", "at most 100 MB"}; }
Attack header_length_zero() { return {u64(0) + std::string(20, '{'), "header", "shorter than the shortest"}; }
Attack header_begins_with_space() { return {safetensors(" {" + good + "}", 8), "header", "does not begin with {"}; }
Attack header_is_cut_json() { return {safetensors("{" + good, 8), "header", "not valid JSON"}; }
Attack bytes_behind_the_json() { return {safetensors("{" + good + "}x", 8), "header", "not valid JSON"}; }
Attack nested_a_million_deep() {
    return {safetensors("{\"w\":" + repeated("[", 1'000'000), 0), "header", "nests deeper than 64"};
}
Attack memory_bomb_of_small_values() {
    return {safetensors("{\"w\":[" + repeated("[],", 4'000'000) + "0]}", 0), "header", "MB of values"};
}
Attack tensor_named_twice() {
    return {safetensors("{" + good + "," + entry("w", "F32", "[2]", "[8,16]") + "}", 16), "header", "occurs twice"};
}
Attack tensors_share_bytes() {
    return {safetensors("{" + good + "," + entry("x", "F32", "[2]", "[4,12]") + "}", 12), "x", "shares bytes with"};
}
Attack hole_between_tensors() {
    return {safetensors("{" + good + "," + entry("x", "F32", "[1]", "[12,16]") + "}", 16), "x", "belong to no tensor"};
}
Attack bytes_behind_the_last_tensor() {
    return {one("F32", "[2]", "[0,8]", 9), "", "last 1 bytes belong to no tensor"};
}
Attack offsets_beyond_the_file() { return {one("F32", "[4]", "[0,16]", 8), "w", "lie outside the file"}; }
Attack offsets_backwards() { return {one("F32", "[0]", "[8,0]", 8), "w", "lie outside the file"}; }
Attack offsets_negative() { return {one("F32", "[2]", "[-8,0]", 8), "w", "no offsets"}; }
Attack offsets_fractional() { return {one("F32", "[2]", "[0,8.0]", 8), "w", "no offsets"}; }
Attack shape_and_bytes_disagree() { return {one("F32", "[3]", "[0,8]", 8), "w", "needs 12 bytes"}; }
Attack shape_overflows_to_its_bytes() { // 2^62 · 4 · 4 bytes is 0 modulo 2^64
    return {one("F32", "[4611686018427387904,4]", "[0,0]", 0), "w", "too large to exist"};
}
Attack shape_hides_overflow_behind_zero() {
    return {one("F32", "[0,9223372036854775807,9223372036854775807]", "[0,0]", 0), "w", "too large to exist"};
}
Attack shape_negative() { return {one("F32", "[-2]", "[0,8]", 8), "w", "no size"}; }
Attack shape_larger_than_any_integer() { return {one("F32", "[99999999999999999999999]", "[0,8]", 8), "w", "no size"}; }
Attack number_out_of_range() { return {one("F32", "[1e999]", "[0,8]", 8), "header", "out of range"}; }
Attack dtype_unknown() { return {one("F7", "[8]", "[0,8]", 8), "w", "unknown dtype F7"}; }
Attack dtype_of_another_format() { return {one("Q8_0", "[32]", "[0,34]", 34), "w", "unknown dtype Q8_0"}; }
Attack dtype_of_our_own() { return {one("packed", "[32]", "[0,0]", 0), "w", "unknown dtype packed"}; }
Attack dtype_with_half_a_byte() { return {one("F4", "[3]", "[0,1]", 1), "w", "whole blocks"}; }
Attack field_nobody_knows() {
    return {safetensors("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"code\":\"x\"}}", 8), "w",
            "a field besides"};
}
Attack metadata_that_is_no_text() {
    return {safetensors("{\"__metadata__\":{\"a\":[1]}," + good + "}", 8), "__metadata__", "not a text"};
}
Attack no_tensor_at_all() { return {safetensors("{}", 0), "header", "holds no tensor"}; }
Attack name_with_terminal_escapes() { // the error must not carry them to the terminal
    return {safetensors("{" + entry("a\\u001b[31m\\n", "F7", "[1]", "[0,1]") + "}", 1), "a\x1b[31m\n", "unknown dtype"};
}

} // namespace

class TestAttackSafetensors : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

private Q_SLOTS:
    void attack_meets_its_error_data() {
        QTest::addColumn<AttackMaker>("attack");
#define ROW(name) QTest::newRow(#name) << AttackMaker(name)
        ROW(header_longer_than_file);
        ROW(header_of_all_memory);
        ROW(header_length_zero);
        ROW(header_begins_with_space);
        ROW(header_is_cut_json);
        ROW(bytes_behind_the_json);
        ROW(nested_a_million_deep);
        ROW(memory_bomb_of_small_values);
        ROW(tensor_named_twice);
        ROW(tensors_share_bytes);
        ROW(hole_between_tensors);
        ROW(bytes_behind_the_last_tensor);
        ROW(offsets_beyond_the_file);
        ROW(offsets_backwards);
        ROW(offsets_negative);
        ROW(offsets_fractional);
        ROW(shape_and_bytes_disagree);
        ROW(shape_overflows_to_its_bytes);
        ROW(shape_hides_overflow_behind_zero);
        ROW(shape_negative);
        ROW(shape_larger_than_any_integer);
        ROW(number_out_of_range);
        ROW(dtype_unknown);
        ROW(dtype_of_another_format);
        ROW(dtype_of_our_own);
        ROW(dtype_with_half_a_byte);
        ROW(field_nobody_knows);
        ROW(metadata_that_is_no_text);
        ROW(no_tensor_at_all);
        ROW(name_with_terminal_escapes);
#undef ROW
    }
    void attack_meets_its_error() {
        QFETCH(AttackMaker, attack);
        expect_refusal(attack(), folder_.filePath("model.safetensors").toStdString());
    }
};

QTEST_APPLESS_MAIN(TestAttackSafetensors)
#include "tst_attack_safetensors.moc"
