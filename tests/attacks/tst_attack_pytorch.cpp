// Hostile .pt files, zip and legacy: each is made here, and each must meet its own one-line error. None is executed.
#include "tests/attacks/made_up_files.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

Attack in_zip(const std::string& value, const std::string& place, const std::string& words) {
    return {torch_zip(value), place, words};
}
std::string named(const std::string& tensor) { return pickle_dict(pickle_text("w") + tensor); }
const std::string data = "archive/data.pkl", values = "archive/data/0", six(24, '\1');
const std::string good = pickle(named(pickle_tensor(2, 3)));

Attack runs_a_command() {
    return in_zip(named(pickle_global("os", "system") + pickle_tuple(pickle_text("touch /tmp/owned")) + "R"), "w",
                  "holds no tensor (found os.system, which is never executed)");
}
Attack plain_pickle_that_runs_a_command() {
    return {pickle(pickle_global("builtins", "eval") + pickle_tuple(pickle_text("1")) + "R"), "pickle",
            "found builtins.eval, which is never executed"};
}
Attack instruction_nobody_needs() { return in_zip("P1\n", "data.pkl", "the pickle instruction 0x50"); }
Attack extension_registry() { return in_zip("\x82\x01", "data.pkl", "the pickle instruction 0x82"); }
Attack lists_nested_too_deeply() {
    return in_zip(repeated("]", 2000) + repeated("a", 1999), "data.pkl", "nests deeper than 1,000");
}
Attack marks_nested_too_deeply() { return in_zip(repeated("(", 5000), "data.pkl", "nests deeper than 1,000"); }
Attack takes_from_an_empty_stack() { return in_zip("0", "data.pkl", "takes a value that is not there"); }
Attack takes_a_missing_mark() { return in_zip("t", "data.pkl", "takes a mark that is not there"); }
Attack remembers_at_four_billion() { return in_zip("Nr" + u32(~0u), "data.pkl", "remembers more values"); }
Attack recalls_what_never_was() { return in_zip("h\x07", "data.pkl", "never remembered"); }
Attack text_of_all_memory() { return in_zip("\x8d" + u64(~0ull), "data.pkl", "ends inside an instruction"); }
Attack negative_length() { return in_zip("T" + u32(~0u), "data.pkl", "negative length"); }
Attack memory_bomb() { return in_zip(repeated("N0", 4'000'000), "data.pkl", "more values than any model needs"); }
Attack list_that_doubles() { // each level holds the one before twice: 2^60 leaves in 300 bytes
    std::string bomb = "]q";
    bomb += '\0';
    for (char level = 0; level < 60; ++level)
        bomb += std::string("](h") + level + "h" + level + "eq" + static_cast<char>(level + 1);
    return in_zip(bomb, "data.pkl", "contains its values too many times over");
}
Attack list_in_itself() { return in_zip(std::string("]q\0h\0a", 6), "data.pkl", "nests deeper than 1,000"); }
Attack frame_longer_than_the_file() { return in_zip("\x95" + u64(1ull << 50), "data.pkl", "announces a frame"); }
Attack protocol_of_the_future() { return in_zip("\x80\x09", "data.pkl", "pickle protocol 9"); }
Attack tensor_beyond_its_storage() { return in_zip(named(pickle_tensor(3, 3)), "w", "reaches beyond its storage"); }
Attack offset_beyond_its_storage() { return in_zip(named(pickle_tensor(2, 3, 1)), "w", "reaches beyond its storage"); }
Attack stride_that_overflows() {
    return in_zip(named(pickle_tensor(3, 1, 0, INT64_MAX / 2 + 1)), "w", "reaches beyond its storage");
}
Attack shape_that_overflows() { return in_zip(named(pickle_tensor(INT64_MAX, INT64_MAX)), "w", "too large to exist"); }
Attack shape_negative() { return in_zip(named(pickle_tensor(-2, 3)), "data.pkl", "a way that torch.save never does"); }
Attack values_repeated_without_end() { // stride 0: one row claims to be 2^40
    return in_zip(named(pickle_tensor(1ll << 40, 3, 0, 0)), "w", "repeats its values");
}
Attack storage_that_is_missing() {
    return in_zip(named(pickle_tensor(2, 3, 0, 3, pickle_storage("9", 6))), "w", "storage 9 is not in the archive");
}
Attack storage_key_that_climbs() {
    return in_zip(named(pickle_tensor(2, 3, 0, 3, pickle_storage("../data.pkl", 6))), "w", "is not in the archive");
}
Attack storage_of_unknown_type() {
    return in_zip(named(pickle_tensor(2, 3, 0, 3, pickle_storage("0", 6, "QUInt2x4Storage"))), "w",
                  "unknown dtype QUInt2x4Storage");
}
Attack tensor_named_twice() {
    return in_zip(pickle_dict(pickle_text("w") + pickle_tensor(2, 3) + pickle_text("w") + pickle_tensor(2, 3)), "w",
                  "occurs twice");
}
Attack name_that_is_no_text() {
    return in_zip(pickle_dict(pickle_text("\xff") + pickle_tensor(2, 3)), "data.pkl", "not UTF-8");
}
Attack record_that_is_compressed() {
    return {zip({{data, good, 8}, {values, six}}), data, "is compressed, which torch.save never does"};
}
Attack record_that_is_encrypted() { return {zip({{data, good, 0, 1}, {values, six}}), data, "is encrypted"}; }
Attack record_beyond_the_file() { return {zip({{data, good}, {values, six, 0, 0, 1 << 30}}), values, "lies outside"}; }
Attack record_named_twice() { return {zip({{data, good}, {values, six}, {values, six}}), values, "occurs twice"}; }
Attack records_share_bytes() {
    return {zip({{data, good}, {values, six, 0, 0, -1, 0, data}}), values, "has another name in its local header"};
}
Attack record_inside_another() { // its local header lies among the first record's values
    const std::string inner = "PK\x03\x04" + std::string(22, '\0') + u16(values.size()) + u16(0) + values + six;
    return {zip({{data, good},
                 {"archive/data/1", inner},
                 {values, six, 0, 0, -1, 30 + 16 + std::int64_t(good.size()) + 30 + 14}}),
            values, "shares bytes with another record"};
}
Attack record_with_another_name() {
    return {zip({{data, good}, {values, six, 0, 0, -1, -1, "archive/data/1"}}), values, "another name"};
}
Attack more_records_than_the_directory() {
    return {zip({{data, good}, {values, six}}, 0xfffe), "directory", "counts 65534 records"};
}
Attack archive_of_something_else() { return {zip({{"word/document.xml", "x"}}), "data.pkl", "is not in this archive"}; }
Attack big_endian_archive() {
    return {zip({{data, good}, {"archive/byteorder", "big"}, {values, six}}), "byteorder", "not little"};
}
Attack legacy_with_too_many_elements() {
    return {torch_legacy(named(pickle_tensor(2, 3)), "](" + pickle_text("0") + "e", u64(1ull << 62) + six), "storage 0",
            "lies outside the file"};
}
Attack legacy_with_negative_elements() {
    return {torch_legacy(named(pickle_tensor(2, 3)), "](" + pickle_text("0") + "e", u64(~0ull) + six), "storage 0",
            "lies outside the file"};
}
Attack legacy_storage_twice() {
    return {torch_legacy(named(pickle_tensor(2, 3)), "](" + pickle_text("0") + pickle_text("0") + "e",
                         u64(6) + six + u64(6) + six),
            "storage 0", "occurs twice"};
}
Attack legacy_storage_of_two_types() {
    const std::string other = pickle_tensor(2, 3, 0, 3, pickle_storage("0", 6, "LongStorage"));
    return {torch_legacy(pickle_dict(pickle_text("w") + pickle_tensor(2, 3) + pickle_text("x") + other),
                         "](" + pickle_text("0") + "e", u64(6) + six),
            "storage 0", "two element types"};
}
Attack tar_archive() { return {std::string(257, 'a') + "ustar" + std::string(250, '\0'), "", "tar archive"}; }

} // namespace

class TestAttackPytorch : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

private Q_SLOTS:
    void attack_meets_its_error_data() {
        QTest::addColumn<AttackMaker>("attack");
#define ROW(name) QTest::newRow(#name) << AttackMaker(name)
        ROW(runs_a_command);
        ROW(plain_pickle_that_runs_a_command);
        ROW(instruction_nobody_needs);
        ROW(extension_registry);
        ROW(lists_nested_too_deeply);
        ROW(marks_nested_too_deeply);
        ROW(takes_from_an_empty_stack);
        ROW(takes_a_missing_mark);
        ROW(remembers_at_four_billion);
        ROW(recalls_what_never_was);
        ROW(text_of_all_memory);
        ROW(negative_length);
        ROW(memory_bomb);
        ROW(list_that_doubles);
        ROW(list_in_itself);
        ROW(frame_longer_than_the_file);
        ROW(protocol_of_the_future);
        ROW(tensor_beyond_its_storage);
        ROW(offset_beyond_its_storage);
        ROW(stride_that_overflows);
        ROW(shape_that_overflows);
        ROW(shape_negative);
        ROW(values_repeated_without_end);
        ROW(storage_that_is_missing);
        ROW(storage_key_that_climbs);
        ROW(storage_of_unknown_type);
        ROW(tensor_named_twice);
        ROW(name_that_is_no_text);
        ROW(record_that_is_compressed);
        ROW(record_that_is_encrypted);
        ROW(record_beyond_the_file);
        ROW(record_named_twice);
        ROW(records_share_bytes);
        ROW(record_inside_another);
        ROW(record_with_another_name);
        ROW(more_records_than_the_directory);
        ROW(archive_of_something_else);
        ROW(big_endian_archive);
        ROW(legacy_with_too_many_elements);
        ROW(legacy_with_negative_elements);
        ROW(legacy_storage_twice);
        ROW(legacy_storage_of_two_types);
        ROW(tar_archive);
#undef ROW
    }
    void attack_meets_its_error() {
        QFETCH(AttackMaker, attack);
        expect_refusal(attack(), folder_.filePath("model.pt").toStdString());
    }
    void well_formed_files_are_read() { // so that the attacks fail for their tricks and not for the builders
        for (const std::string& bytes :
             {torch_zip(named(pickle_tensor(2, 3))),
              torch_legacy(named(pickle_tensor(2, 3)), "](" + pickle_text("0") + "e", u64(6) + six)}) {
            const std::filesystem::path file = folder_.filePath("good.pt").toStdString();
            write_file(file, bytes);
            QCOMPARE(Checkpoint::open(file)->at("w").shape, (std::vector<std::int64_t>{2, 3}));
        }
    }
};

QTEST_APPLESS_MAIN(TestAttackPytorch)
#include "tst_attack_pytorch.moc"
