// Builds JSON values from the parser's events, counting depth and memory as they come.
#include "core/checkpoint/json_guard.h"

#include <vector>

#include "core/base/errors.h"
#include "core/checkpoint/mapped_file.h"
#include "core/checkpoint/remedy.h"

namespace quantscope {

namespace {

using nlohmann::json;

class Builder final : public nlohmann::json_sax<json> {
public:
    Builder(const std::string& file, const std::string& place, const JsonLimits& limits)
        : file_(file)
        , place_(place)
        , limits_(limits) {}

    json result;

    bool null() override { return add(nullptr, 0); }
    bool boolean(bool value) override { return add(value, 0); }
    bool number_integer(number_integer_t value) override { return add(value, 0); }
    bool number_unsigned(number_unsigned_t value) override { return add(value, 0); }
    bool number_float(number_float_t value, const string_t&) override { return add(value, 0); }
    bool string(string_t& value) override {
        const auto length = value.size();
        return add(std::move(value), 32 + length);
    }
    bool binary(binary_t&) override { return false; } // never in text
    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        spend(96 + name.size()); // a node of the object's tree
        auto [entry, is_new] = open_.back()->get_ref<json::object_t&>().try_emplace(std::move(name));
        if (!is_new) fail("the name \"" + printable(entry->first) + "\" occurs twice in one object");
        slot_ = &entry->second;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        if (error.id == 406) fail("holds a number that is out of range at byte " + std::to_string(position));
        fail("is not valid JSON at byte " + std::to_string(position));
    }

private:
    [[noreturn]] void fail(const std::string& problem) const {
        throw FormatError(file_, place_, with_remedy(problem, "mend it, or download or save the file again"));
    }

    void spend(std::uint64_t bytes) {
        used_ += bytes;
        if (used_ > limits_.memory)
            fail("describes more than " + std::to_string(limits_.memory / 1'000'000) +
                 " MB of values; no model's description is that large");
    }

    json* place(json&& value) {
        spend(24); // a value is 16 bytes, and lists grow by doubling
        if (open_.empty()) return &(result = std::move(value));
        if (open_.back()->is_array()) {
            open_.back()->get_ref<json::array_t&>().push_back(std::move(value));
            return &open_.back()->back();
        }
        *slot_ = std::move(value);
        return slot_;
    }

    template <class Value>
    bool add(Value&& value, std::uint64_t bytes) {
        spend(bytes);
        place(json(std::forward<Value>(value)));
        return true;
    }

    bool open(json&& container) {
        if (static_cast<int>(open_.size()) >= limits_.depth)
            fail("nests deeper than " + std::to_string(limits_.depth) + " levels");
        spend(64);
        // The pointer stays good: a parent array grows only after its open child is closed.
        open_.push_back(place(std::move(container)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    const std::string& file_;
    const std::string& place_;
    JsonLimits limits_;
    std::uint64_t used_ = 0;
    std::vector<json*> open_;
    json* slot_ = nullptr;
};

} // namespace

json parse_json(std::string_view text, const std::string& file, const std::string& place, const JsonLimits& limits) {
    Builder builder(file, place, limits);
    json::sax_parse(text.begin(), text.end(), &builder);
    return std::move(builder.result);
}

json read_json_file(const std::filesystem::path& file, std::uint64_t size_limit) {
    const MappedFile mapped(file);
    if (mapped.size() > size_limit)
        throw FormatError(mapped.name(), "",
                          "is larger than " + std::to_string(size_limit / 1'000'000) +
                              " MB; no such file of a model is");
    return parse_json({reinterpret_cast<const char*>(mapped.bytes().data()), mapped.size()}, mapped.name(), "");
}

} // namespace quantscope
