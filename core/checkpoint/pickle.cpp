// The instructions of pickle protocols 0 to 5, as far as data need them. Source: CPython's pickletools.
#include "core/checkpoint/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "core/base/errors.h"
#include "core/checkpoint/remedy.h"

namespace quantscope {

namespace {

// A tensor takes some 30 instructions and 20 values, so these allow for more tensors than any file has, and bound what
// a hostile file can make us hold.
constexpr std::uint64_t instruction_limit = 10'000'000;
constexpr std::uint64_t memory_limit = 160'000'000; // of all values, bytes
constexpr std::size_t stack_limit = 1'000'000;
constexpr std::uint64_t memo_limit = 4'000'000;
constexpr std::size_t dimension_limit = 64; // torch's
constexpr PickleRef empty_memo = ~PickleRef(0);

class Machine {
public:
    Machine(std::string_view bytes, const std::string& file, const std::string& place)
        : bytes_(bytes)
        , file_(file)
        , place_(place) {}

    Pickle run() {
        for (std::uint64_t instructions = 0;; ++instructions) {
            if (instructions == instruction_limit) fail("holds more instructions than any model needs");
            const auto instruction = number<std::uint8_t>();
            if (instruction == '.') break;
            if (!constants(instruction) && !texts(instruction) && !containers(instruction) && !memory(instruction) &&
                !calls(instruction) && !text_protocol(instruction))
                refuse(instruction);
        }
        pickle_.top = pop();
        pickle_.size = position_;
        return std::move(pickle_);
    }

private:
    [[noreturn]] void fail(const std::string& problem) const { throw FormatError(file_, place_, with_remedy(problem)); }

    [[noreturn]] void refuse(std::uint8_t instruction) const {
        char code[8];
        std::snprintf(code, sizeof code, "0x%02x", instruction);
        fail("holds the pickle instruction " + std::string(code) +
             ", which no saved tensors need; save the model again with torch.save");
    }

    // --- bytes ---------------------------------------------------------------------------------------------------

    std::string_view take(std::uint64_t count) {
        if (count > bytes_.size() - position_) fail("ends inside an instruction; the file is incomplete");
        const std::string_view taken = bytes_.substr(position_, count);
        position_ += count;
        return taken;
    }

    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }

    std::string_view line() {
        const auto end = bytes_.find('\n', position_);
        if (end == std::string_view::npos) fail("ends inside a line; the file is incomplete");
        const std::string_view taken = bytes_.substr(position_, end - position_);
        position_ = end + 1;
        return taken;
    }

    // --- values --------------------------------------------------------------------------------------------------

    void spend(std::uint64_t bytes) {
        spent_ += bytes;
        if (spent_ > memory_limit) fail("holds more values than any model needs");
    }

    PickleRef make(PickleKind kind, std::int64_t number = 0, std::string_view text = {}, std::string_view name = {}) {
        spend(sizeof(PickleValue));
        pickle_.values.push_back({kind, 1, number, text, name, {}});
        return static_cast<PickleRef>(pickle_.values.size() - 1);
    }

    void push(PickleRef value) {
        if (stack_.size() == stack_limit) fail("piles up more values than any model needs");
        stack_.push_back(value);
    }

    PickleRef pop() {
        if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back()))
            fail("takes a value that is not there; the file is damaged");
        const PickleRef value = stack_.back();
        stack_.pop_back();
        return value;
    }

    PickleRef top() {
        const PickleRef value = pop();
        stack_.push_back(value);
        return value;
    }

    /// Everything since the last mark, which goes too.
    std::vector<PickleRef> pop_to_mark() {
        if (marks_.empty()) fail("takes a mark that is not there; the file is damaged");
        const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        std::vector<PickleRef> values(first, stack_.end());
        stack_.erase(first, stack_.end());
        marks_.pop_back();
        return values;
    }

    PickleValue& at(PickleRef ref) { return pickle_.values[ref]; }

    void add(PickleRef container, PickleRef child) {
        spend(2 * sizeof(PickleRef)); // a growing vector takes up to twice what it holds
        PickleValue& value = at(container);
        value.children.push_back(child);
        value.depth = std::max(value.depth, at(child).depth + 1);
        if (value.depth > pickle_depth_limit) fail("nests deeper than 1,000 levels; no saved model does");
    }

    PickleRef make_container(PickleKind kind, const std::vector<PickleRef>& children) {
        const PickleRef container = make(kind);
        for (PickleRef child : children)
            add(container, child);
        return container;
    }

    /// Adds pairs to a dict; an opaque value swallows them, as the object that it stands for would.
    void set_items(PickleRef container, const std::vector<PickleRef>& items) {
        if (items.size() % 2) fail("gives a dict a key without a value; the file is damaged");
        if (at(container).kind == PickleKind::opaque) return;
        if (at(container).kind != PickleKind::dict) fail("puts items into something that is no dict");
        for (PickleRef item : items)
            add(container, item);
    }

    void append(PickleRef container, const std::vector<PickleRef>& items) {
        if (at(container).kind == PickleKind::opaque) return;
        if (at(container).kind != PickleKind::list) fail("appends to something that is no list");
        for (PickleRef item : items)
            add(container, item);
    }

    // --- instructions --------------------------------------------------------------------------------------------

    bool constants(std::uint8_t instruction) {
        switch (instruction) {
        case 0x80: { // PROTO
            const auto protocol = number<std::uint8_t>();
            if (protocol > 5) fail("is written in pickle protocol " + std::to_string(protocol) + "; 0 to 5 are read");
            return true;
        }
        case 0x95: // FRAME: only a hint for reading ahead
            if (number<std::uint64_t>() > bytes_.size() - position_)
                fail("announces a frame longer than the file; it is incomplete");
            return true;
        case 'N':
            push(make(PickleKind::none));
            return true;
        case 0x88:
            push(make(PickleKind::boolean, 1));
            return true;
        case 0x89:
            push(make(PickleKind::boolean, 0));
            return true;
        case 'J':
            push(make(PickleKind::integer, number<std::int32_t>()));
            return true;
        case 'K':
            push(make(PickleKind::integer, number<std::uint8_t>()));
            return true;
        case 'M':
            push(make(PickleKind::integer, number<std::uint16_t>()));
            return true;
        case 0x8a:
            push(make_long(take(number<std::uint8_t>())));
            return true;
        case 0x8b:
            push(make_long(take(length32())));
            return true;
        case 'G':
            take(8);
            push(make(PickleKind::real));
            return true;
        default:
            return false;
        }
    }

    /// A length in four bytes, signed in the format.
    std::uint64_t length32() {
        const auto length = number<std::int32_t>();
        if (length < 0) fail("holds a negative length; the file is damaged");
        return static_cast<std::uint64_t>(length);
    }

    /// Little-endian two's complement of any length; what does not fit 64 bits keeps only its bytes.
    PickleRef make_long(std::string_view digits) {
        if (digits.size() > 8) return make(PickleKind::bytes, 0, digits);
        std::uint64_t value = !digits.empty() && (digits.back() & 0x80) ? ~std::uint64_t(0) : 0;
        std::memcpy(&value, digits.data(), digits.size());
        return make(PickleKind::integer, std::bit_cast<std::int64_t>(value));
    }

    bool texts(std::uint8_t instruction) {
        switch (instruction) {
        case 'X':
            push(make(PickleKind::text, 0, take(number<std::uint32_t>())));
            return true;
        case 0x8c:
            push(make(PickleKind::text, 0, take(number<std::uint8_t>())));
            return true;
        case 0x8d:
            push(make(PickleKind::text, 0, take(number<std::uint64_t>())));
            return true;
        case 'T':
            push(make(PickleKind::text, 0, take(length32())));
            return true;
        case 'U':
            push(make(PickleKind::text, 0, take(number<std::uint8_t>())));
            return true;
        case 'B':
            push(make(PickleKind::bytes, 0, take(number<std::uint32_t>())));
            return true;
        case 'C':
            push(make(PickleKind::bytes, 0, take(number<std::uint8_t>())));
            return true;
        case 0x8e:
        case 0x96:
            push(make(PickleKind::bytes, 0, take(number<std::uint64_t>())));
            return true;
        default:
            return false;
        }
    }

    bool containers(std::uint8_t instruction) {
        switch (instruction) {
        case '(':
            if (marks_.size() == pickle_depth_limit) fail("nests deeper than 1,000 levels; no saved model does");
            marks_.push_back(stack_.size());
            return true;
        case ')':
            push(make(PickleKind::tuple));
            return true;
        case 0x85:
        case 0x86:
        case 0x87: {
            std::vector<PickleRef> items(instruction - 0x84);
            for (auto item = items.rbegin(); item != items.rend(); ++item)
                *item = pop();
            push(make_container(PickleKind::tuple, items));
            return true;
        }
        case 't':
            push(make_container(PickleKind::tuple, pop_to_mark()));
            return true;
        case ']':
        case 0x8f:
            push(make(PickleKind::list));
            return true; // a set is a list to us
        case 'l':
        case 0x91:
            push(make_container(PickleKind::list, pop_to_mark()));
            return true;
        case 'a': {
            const PickleRef item = pop();
            append(top(), {item});
            return true;
        }
        case 'e':
        case 0x90: {
            const auto items = pop_to_mark();
            append(top(), items);
            return true;
        }
        case '}':
            push(make(PickleKind::dict));
            return true;
        case 'd': {
            const auto items = pop_to_mark();
            push(make(PickleKind::dict));
            set_items(top(), items);
            return true;
        }
        case 's': {
            const PickleRef value = pop(), key = pop();
            set_items(top(), {key, value});
            return true;
        }
        case 'u': {
            const auto items = pop_to_mark();
            set_items(top(), items);
            return true;
        }
        default:
            return false;
        }
    }

    void remember(std::uint64_t key) {
        if (key >= memo_limit) fail("remembers more values than any model needs");
        if (key >= memo_.size()) memo_.resize(key + 1, empty_memo);
        memo_[key] = top();
        remembered_ = std::max(remembered_, key + 1);
    }

    void recall(std::uint64_t key) {
        if (key >= memo_.size() || memo_[key] == empty_memo) fail("recalls a value that it never remembered");
        push(memo_[key]);
    }

    bool memory(std::uint8_t instruction) {
        switch (instruction) {
        case '0':
            if (!marks_.empty() && stack_.size() == marks_.back())
                marks_.pop_back(); // POP of a mark, as CPython does
            else
                pop();
            return true;
        case '1':
            pop_to_mark();
            return true;
        case '2':
            push(top());
            return true;
        case 'q':
            remember(number<std::uint8_t>());
            return true;
        case 'r':
            remember(number<std::uint32_t>());
            return true;
        case 0x94:
            remember(remembered_);
            return true;
        case 'h':
            recall(number<std::uint8_t>());
            return true;
        case 'j':
            recall(number<std::uint32_t>());
            return true;
        default:
            return false;
        }
    }

    bool calls(std::uint8_t instruction) {
        switch (instruction) {
        case 'c': {
            const std::string_view module = line(), name = line();
            push(make(PickleKind::global, 0, module, name));
            return true;
        }
        case 0x93: {
            const PickleRef name = pop(), module = pop();
            if (at(name).kind != PickleKind::text || at(module).kind != PickleKind::text)
                fail("imports something that has no name; the file is damaged");
            push(make(PickleKind::global, 0, at(module).text, at(name).text));
            return true;
        }
        case 'R':
        case 0x81: { // REDUCE, NEWOBJ
            const PickleRef arguments = pop(), function = pop();
            push(call(function, arguments));
            return true;
        }
        case 0x92: { // NEWOBJ_EX: with named arguments, which nothing that we know takes
            pop();
            pop();
            push(make_opaque(pop()));
            return true;
        }
        case 'b': // BUILD: the state of an object, of which torch's own carry nothing that we need
            pop();
            top();
            return true;
        case 'i': { // INST
            const std::string_view module = line(), name = line();
            pop_to_mark();
            push(make(PickleKind::opaque, 0, module, name));
            return true;
        }
        case 'o': { // OBJ
            const auto items = pop_to_mark();
            if (items.empty()) fail("makes an object of no class; the file is damaged");
            push(make_opaque(items.front()));
            return true;
        }
        case 'Q':
            push(make_storage(pop()));
            return true;
        default:
            return false;
        }
    }

    /// Protocol 0's lines of text; only names and small numbers matter, so escapes stay as they are.
    bool text_protocol(std::uint8_t instruction) {
        switch (instruction) {
        case 'I':
        case 'L': {
            const std::string_view digits = line();
            std::int64_t value = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
            push(make(PickleKind::integer, value));
            return true;
        }
        case 'F':
            line();
            push(make(PickleKind::real));
            return true;
        case 'S':
        case 'V':
            push(make(PickleKind::text, 0, line()));
            return true;
        case 'p':
            remember(line_number());
            return true;
        case 'g':
            recall(line_number());
            return true;
        default:
            return false;
        }
    }

    std::uint64_t line_number() {
        const std::string_view digits = line();
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size()) fail("remembers under something no number");
        return value;
    }

    // --- what calls stand for ------------------------------------------------------------------------------------

    PickleRef make_opaque(PickleRef maker) {
        const PickleValue& value = at(maker);
        const bool named = value.kind == PickleKind::global || value.kind == PickleKind::opaque;
        return make(PickleKind::opaque, 0, named ? value.text : "an unnamed", named ? value.name : "object");
    }

    PickleRef call(PickleRef function, PickleRef arguments) {
        const PickleValue& callee = at(function);
        if (callee.kind != PickleKind::global || at(arguments).kind != PickleKind::tuple) return make_opaque(function);
        const auto is = [&](std::string_view module, std::string_view name) {
            return callee.text == module && callee.name == name;
        };
        if (is("collections", "OrderedDict")) return make_ordered_dict(arguments);
        if (is("collections", "defaultdict")) return make(PickleKind::dict);
        if (is("torch._utils", "_rebuild_tensor_v2") || is("torch._utils", "_rebuild_tensor") ||
            is("torch._utils", "_rebuild_tensor_v3"))
            return make_tensor(arguments, callee.name == "_rebuild_tensor_v3");
        if (is("torch._utils", "_rebuild_parameter") || is("torch._utils", "_rebuild_parameter_with_state"))
            return first_if_tensor(function, arguments);
        if (is("torch._tensor", "_rebuild_from_type_v2")) return make_from_type(function, arguments);
        return make_opaque(function);
    }

    PickleRef make_ordered_dict(PickleRef arguments) {
        const PickleRef dict = make(PickleKind::dict);
        const auto& children = at(arguments).children; // making values in a deque moves none
        if (children.empty() || at(children[0]).kind != PickleKind::list) return dict;
        for (PickleRef pair : at(children[0]).children) {
            const PickleValue& entry = at(pair);
            if ((entry.kind != PickleKind::tuple && entry.kind != PickleKind::list) || entry.children.size() != 2)
                fail("makes a dict of something that is no pair; the file is damaged");
            const PickleRef key = entry.children[0], value = entry.children[1];
            set_items(dict, {key, value});
        }
        return dict;
    }

    PickleRef first_if_tensor(PickleRef function, PickleRef arguments) {
        const auto& children = at(arguments).children;
        if (!children.empty() && at(children[0]).kind == PickleKind::tensor) return children[0];
        return make_opaque(function);
    }

    /// (function, type, arguments, state): a tensor with attributes of its own is still its tensor.
    PickleRef make_from_type(PickleRef function, PickleRef arguments) {
        const auto& children = at(arguments).children;
        if (children.size() < 3 || at(children[0]).kind != PickleKind::global ||
            at(children[0]).name == at(function).name) // a call of itself would recurse
            return make_opaque(function);
        return call(children[0], children[2]);
    }

    std::vector<std::int64_t> integers(PickleRef ref) {
        const PickleValue& value = at(ref);
        if (value.kind != PickleKind::tuple && value.kind != PickleKind::list) fail_tensor();
        if (value.children.size() > dimension_limit) fail_tensor();
        std::vector<std::int64_t> numbers;
        for (PickleRef child : value.children) {
            if (at(child).kind != PickleKind::integer || at(child).number < 0) fail_tensor();
            numbers.push_back(at(child).number);
        }
        return numbers;
    }

    [[noreturn]] void fail_tensor() const { fail("describes a tensor in a way that torch.save never does"); }

    PickleRef make_tensor(PickleRef arguments, bool with_dtype) {
        const auto& children = at(arguments).children;
        if (children.size() < (with_dtype ? 7 : 4)) fail_tensor();
        PickledTensor tensor;
        tensor.storage = children[0];
        if (at(children[0]).kind != PickleKind::storage || at(children[1]).kind != PickleKind::integer) fail_tensor();
        tensor.offset = at(children[1]).number;
        tensor.shape = integers(children[2]);
        tensor.strides = integers(children[3]);
        if (tensor.offset < 0 || tensor.shape.size() != tensor.strides.size()) fail_tensor();
        if (with_dtype) {
            if (at(children[6]).kind != PickleKind::global || at(children[6]).text != "torch") fail_tensor();
            tensor.dtype = at(children[6]).name;
        }
        spend(sizeof(PickledTensor) + 2 * sizeof(std::int64_t) * tensor.shape.size());
        pickle_.tensors.push_back(std::move(tensor));
        return make(PickleKind::tensor, static_cast<std::int64_t>(pickle_.tensors.size() - 1));
    }

    /// ('storage', class, key, location, elements[, None or (key, offset, elements) of a view])
    PickleRef make_storage(PickleRef id) {
        const auto& children = at(id).children;
        const auto is = [&](std::size_t i, PickleKind kind) {
            return i < children.size() && at(children[i]).kind == kind;
        };
        if (at(id).kind == PickleKind::tuple && is(0, PickleKind::text) && at(children[0]).text == "module")
            return is(1, PickleKind::global) ? children[1] : make_opaque(id);
        if (at(id).kind != PickleKind::tuple || !is(0, PickleKind::text) || at(children[0]).text != "storage" ||
            !is(1, PickleKind::global) || !is(2, PickleKind::text) || !is(4, PickleKind::integer) ||
            at(children[4]).number < 0)
            fail("refers to something that is no storage; the file is damaged");
        const PickleRef storage =
            make(PickleKind::storage, at(children[4]).number, at(children[2]).text, at(children[1]).name);
        if (is(5, PickleKind::tuple)) {
            const auto& view = at(children[5]).children;
            if (view.size() != 3 || at(view[1]).kind != PickleKind::integer || at(view[1]).number < 0)
                fail("refers to something that is no storage; the file is damaged");
            at(storage).children.push_back(view[1]);
        }
        return storage;
    }

    std::string_view bytes_;
    const std::string& file_;
    const std::string& place_;
    std::size_t position_ = 0;
    Pickle pickle_;
    std::vector<PickleRef> stack_, memo_;
    std::vector<std::size_t> marks_;
    std::uint64_t remembered_ = 0, spent_ = 0;
};

} // namespace

Pickle read_pickle(std::string_view bytes, const std::string& file, const std::string& place) {
    return Machine(bytes, file, place).run();
}

} // namespace quantscope
