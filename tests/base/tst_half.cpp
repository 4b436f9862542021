// Narrow floating types, held against the standard's own definition evaluated slowly, over every bit pattern.
#include <QTest>
#include <cmath>
#include <limits>

#include "core/base/checked.h"
#include "core/base/errors.h"
#include "core/base/half.h"
#include "core/base/sha256.h"

using namespace quantscope;

namespace {

/// A float of `exponent_bits` and `mantissa_bits` by the IEEE 754 formula.
double by_definition(unsigned bits, int exponent_bits, int mantissa_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = static_cast<int>(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
    const double mantissa = bits & ((1u << mantissa_bits) - 1);
    const double sign = bits >> (exponent_bits + mantissa_bits) ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1)
        return mantissa != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
    if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
    return sign * std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}

bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b)); }

} // namespace

class TestHalf : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void every_pattern_widens_as_the_standard_says() {
        for (unsigned bits = 0; bits < 65536; ++bits) {
            const auto h = static_cast<std::uint16_t>(bits);
            QVERIFY(same(float16_to_float(h), by_definition(bits, 5, 10)));
            QVERIFY(same(bfloat16_to_float(h), by_definition(bits, 8, 7)));
        }
        for (unsigned bits = 0; bits < 256; ++bits) {
            QVERIFY(same(float8_e5m2_to_float(static_cast<std::uint8_t>(bits)), by_definition(bits, 5, 2)));
            // E4M3 has no infinity: its top exponent holds numbers, but for one NaN.
            const double e4m3 = (bits & 0x7f) == 0x7f ? std::nan("")
                              : (bits & 0x78) == 0x78 ? (bits & 0x80 ? -1 : 1) * std::ldexp(8 + (bits & 7), 5)
                                                      : by_definition(bits, 4, 3);
            QVERIFY(same(float8_e4m3_to_float(static_cast<std::uint8_t>(bits)), e4m3));
        }
        QCOMPARE(float8_e4m3_to_float(0x7e), 448.0f);
    }

    void narrowing_takes_the_nearest_and_even_on_ties() {
        for (unsigned bits = 0; bits < 0x7c00; ++bits) {
            const auto h = static_cast<std::uint16_t>(bits);
            const float value = float16_to_float(h), next = float16_to_float(static_cast<std::uint16_t>(h + 1));
            QCOMPARE(float_to_float16(value), h);
            QCOMPARE(float_to_float16(-value), static_cast<std::uint16_t>(h | 0x8000));
            if (bits == 0x7bff) break; // its upper neighbour is infinity
            const float middle = (value + next) / 2; // exact in float32
            QCOMPARE(float_to_float16(middle), static_cast<std::uint16_t>(h + (h & 1)));
            QCOMPARE(float_to_float16(std::nextafter(middle, 0.0f)), h);
            QCOMPARE(float_to_float16(std::nextafter(middle, 1e9f)), static_cast<std::uint16_t>(h + 1));
        }
        QCOMPARE(float_to_float16(65519.0f), std::uint16_t(0x7bff));
        QCOMPARE(float_to_float16(65520.0f), std::uint16_t(0x7c00));
        QVERIFY(std::isnan(float16_to_float(float_to_float16(NAN))));
        for (unsigned bits = 0; bits < 0x7f80; ++bits) {
            const auto b = static_cast<std::uint16_t>(bits);
            const double value = bfloat16_to_float(b), next = bfloat16_to_float(static_cast<std::uint16_t>(b + 1));
            QCOMPARE(float_to_bfloat16(static_cast<float>(value)), b);
            if (bits < 0x7f7f) QCOMPARE(float_to_bfloat16(static_cast<float>((value + next) / 2)), static_cast<std::uint16_t>(b + (b & 1)));
        }
        QVERIFY(std::isnan(bfloat16_to_float(float_to_bfloat16(NAN))));
    }

    void sizes_from_a_file_cannot_overflow() {
        QCOMPARE(checked_multiply(3, 5).value(), std::uint64_t(15));
        QVERIFY(!checked_multiply(std::uint64_t(1) << 32, std::uint64_t(1) << 31));
        QVERIFY(!checked_add(INT64_MAX, 1));
        const std::int64_t negative[] = {4, -1}, large[] = {1 << 30, 1 << 30, 1 << 30}, none[] = {7, 0};
        QVERIFY(!checked_product(negative));
        QVERIFY(!checked_product(large));
        QCOMPARE(checked_product(none).value(), std::uint64_t(0));
        QCOMPARE(checked_product({}).value(), std::uint64_t(1));
    }

    void sha256_gives_the_published_digests() { // FIPS 180-2, appendix B
        QCOMPARE(sha256("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        QCOMPARE(sha256(std::string(1000000, 'a')),
                 std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    }

    void error_is_one_printable_line() {
        const FormatError error("a\nb.gguf", "tensor\x1b[2J", "is short; copy it again");
        QCOMPARE(std::string(error.what()), std::string("a\\x0ab.gguf: tensor\\x1b[2J: is short; copy it again"));
    }
};

QTEST_APPLESS_MAIN(TestHalf)
#include "tst_half.moc"
