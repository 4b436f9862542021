// A second, deliberately simple reading of each checkpoint format, sharing no code with core's readers, for the
// tests of damage: it takes bytes and says which tensors they hold and what their values are. It checks nothing but its
// own bounds, because it is only asked about files that the readers under test have accepted. While it reads it notes
// where lengths, counts and offsets stand, so that the mutations can aim at them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace quantscope::testing {

struct ReadTensor {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::string bytes;         ///< of all values in order, gathered where the tensor is a view
    std::vector<float> values; ///< where this reader decodes the dtype
    bool decoded = false;

    std::int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
};

struct LengthField {
    std::size_t position = 0, width = 0;
};

struct Reading {
    std::map<std::string, ReadTensor> tensors;
    std::vector<LengthField> lengths;
};

/// \throws std::exception when the bytes cannot be read so
Reading independent_safetensors(const std::string& bytes);
Reading independent_gguf(const std::string& bytes);
Reading independent_pytorch(const std::string& bytes); ///< zip or legacy

/// Fills in the values from dtype and bytes, for the number types and Q8_0, Q4_0.
void decode_plainly(ReadTensor& tensor);

/// Reads little-endian numbers and notes those that are lengths.
class PlainCursor {
public:
    PlainCursor(const std::string& bytes, std::size_t position, Reading& reading)
        : bytes_(bytes)
        , position_(position)
        , reading_(reading) {}

    std::size_t position() const { return position_; }
    std::uint64_t number(std::size_t width) {
        const std::string digits = take(width);
        std::uint64_t value = 0;
        for (std::size_t i = width; i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(digits[i]);
        return value;
    }
    std::uint64_t length(std::size_t width) {
        reading_.lengths.push_back({position_, width});
        return number(width);
    }
    std::string take(std::uint64_t count) {
        if (count > bytes_.size() - position_) throw std::runtime_error("beyond the end");
        const std::string taken = bytes_.substr(position_, count);
        position_ += count;
        return taken;
    }
    std::string line() {
        const std::size_t end = bytes_.find('\n', position_);
        if (end == std::string::npos) throw std::runtime_error("line without end");
        const std::string taken = bytes_.substr(position_, end - position_);
        position_ = end + 1;
        return taken;
    }

private:
    const std::string& bytes_;
    std::size_t position_;
    Reading& reading_;
};

} // namespace quantscope::testing
