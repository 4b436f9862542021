// The simple reading of torch.save's files: a pickle machine of the instructions that torch.save uses, a walk through
// the zip directory, and the legacy format's five pickles.
#include <algorithm>
#include <deque>

#include "tests/fuzz/independent_reader.h"

namespace quantscope::testing {

namespace {

struct Value {
    char kind =
        'o'; ///< i(nteger) b(oolean) s(tring) y (bytes) t(uple) l(ist) d(ict) g(lobal) S(torage) T(ensor) o(paque)
    std::int64_t number = 0;
    std::string text, name;
    std::vector<Value*> items;
};

class PickleMachine {
public:
    PickleMachine(PlainCursor& cursor)
        : cursor_(cursor) {}

    Value* run() {
        for (;;) {
            const auto code = static_cast<unsigned char>(cursor_.take(1)[0]);
            if (code == '.') return pop();
            step(code);
        }
    }
    std::deque<Value> values;

private:
    Value* make(char kind, std::int64_t number = 0, std::string text = {}, std::string name = {}) {
        values.push_back({kind, number, std::move(text), std::move(name), {}});
        return &values.back();
    }
    void push(Value* value) { stack_.push_back(value); }
    Value* pop() {
        if (stack_.empty()) throw std::runtime_error("empty stack");
        Value* value = stack_.back();
        stack_.pop_back();
        return value;
    }
    std::vector<Value*> pop_to_mark() {
        const std::size_t mark = marks_.at(marks_.size() - 1);
        marks_.pop_back();
        std::vector<Value*> items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
        stack_.resize(mark);
        return items;
    }
    void push_tuple(std::size_t count) {
        Value* tuple = make('t');
        tuple->items.resize(count);
        for (std::size_t i = count; i-- > 0;)
            tuple->items[i] = pop();
        push(tuple);
    }
    void add(Value* container, const std::vector<Value*>& items) {
        if (container->kind == 'l' || container->kind == 'd')
            container->items.insert(container->items.end(), items.begin(), items.end());
    }

    void step(unsigned char code) {
        switch (code) {
        case 0x80:
            cursor_.take(1);
            break;
        case 'N':
            push(make('o', 0, "none"));
            break;
        case 0x88:
            push(make('b', 1));
            break;
        case 0x89:
            push(make('b', 0));
            break;
        case 'J':
            push(make('i', static_cast<std::int32_t>(cursor_.length(4))));
            break;
        case 'K':
            push(make('i', static_cast<std::int64_t>(cursor_.length(1))));
            break;
        case 'M':
            push(make('i', static_cast<std::int64_t>(cursor_.length(2))));
            break;
        case 0x8a:
            push_long(cursor_.take(cursor_.length(1)));
            break;
        case 'G':
            cursor_.take(8);
            push(make('f'));
            break;
        case 'X':
            push(make('s', 0, cursor_.take(cursor_.length(4))));
            break;
        case 0x8c:
        case 'U':
            push(make('s', 0, cursor_.take(cursor_.length(1))));
            break;
        case 'T':
            push(make('s', 0, cursor_.take(cursor_.length(4))));
            break;
        case 'B':
            push(make('y', 0, cursor_.take(cursor_.length(4))));
            break;
        case 'C':
            push(make('y', 0, cursor_.take(cursor_.length(1))));
            break;
        case '(':
            marks_.push_back(stack_.size());
            break;
        case ')':
            push(make('t'));
            break;
        case 0x85:
            push_tuple(1);
            break;
        case 0x86:
            push_tuple(2);
            break;
        case 0x87:
            push_tuple(3);
            break;
        case 't': {
            auto items = pop_to_mark();
            push(make('t'));
            stack_.back()->items = items;
            break;
        }
        case 'l': {
            auto items = pop_to_mark();
            push(make('l'));
            stack_.back()->items = items;
            break;
        }
        case 'd': {
            auto items = pop_to_mark();
            push(make('d'));
            stack_.back()->items = items;
            break;
        }
        case ']':
            push(make('l'));
            break;
        case '}':
            push(make('d'));
            break;
        case 'a': {
            Value* item = pop();
            add(stack_.at(stack_.size() - 1), {item});
            break;
        }
        case 'e':
        case 'u': {
            auto items = pop_to_mark();
            add(stack_.at(stack_.size() - 1), items);
            break;
        }
        case 's': {
            Value *item = pop(), *key = pop();
            add(stack_.at(stack_.size() - 1), {key, item});
            break;
        }
        case '0':
            pop();
            break;
        case '2':
            push(stack_.at(stack_.size() - 1));
            break;
        case 'q':
            memo_[cursor_.number(1)] = stack_.at(stack_.size() - 1);
            break;
        case 'r':
            memo_[cursor_.length(4)] = stack_.at(stack_.size() - 1);
            break;
        case 'h':
            push(memo_.at(cursor_.number(1)));
            break;
        case 'j':
            push(memo_.at(cursor_.number(4)));
            break;
        case 'c': {
            std::string module = cursor_.line();
            push(make('g', 0, module, cursor_.line()));
            break;
        }
        case 'Q':
            push_storage(pop());
            break;
        case 'R':
        case 0x81: {
            Value *arguments = pop(), *function = pop();
            push(call(function, arguments));
            break;
        }
        case 'b':
            pop();
            break;
        default:
            throw std::runtime_error("an instruction that torch.save does not use");
        }
    }

    void push_long(const std::string& digits) {
        if (digits.size() > 8) return push(make('y', 0, digits));
        std::uint64_t value = 0;
        for (std::size_t i = digits.size(); i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(digits[i]);
        if (!digits.empty() && digits.size() < 8 && (digits.back() & 0x80)) value |= ~0ull << (8 * digits.size());
        push(make('i', static_cast<std::int64_t>(value)));
    }

    void push_storage(Value* id) {
        Value* storage = make('S', id->items.at(4)->number, id->items.at(2)->text, id->items.at(1)->name);
        if (id->items.size() > 5 && id->items[5]->kind == 't') storage->items.push_back(id->items[5]->items.at(1));
        push(storage);
    }

    Value* call(Value* function, Value* arguments) {
        if (function->kind != 'g' || arguments->kind != 't') return make('o');
        const std::string full = function->text + "." + function->name;
        if (full == "collections.OrderedDict") {
            Value* dict = make('d');
            if (!arguments->items.empty() && arguments->items[0]->kind == 'l')
                for (Value* pair : arguments->items[0]->items)
                    dict->items.insert(dict->items.end(), {pair->items.at(0), pair->items.at(1)});
            return dict;
        }
        if (full == "collections.defaultdict") return make('d');
        if (full == "torch._utils._rebuild_tensor_v2" || full == "torch._utils._rebuild_tensor") {
            Value* tensor = make('T');
            tensor->items.assign(arguments->items.begin(), arguments->items.begin() + 4);
            return tensor;
        }
        return make('o');
    }

    PlainCursor& cursor_;
    std::vector<Value*> stack_;
    std::vector<std::size_t> marks_;
    std::map<std::uint64_t, Value*> memo_;
};

struct StorageType {
    const char* dtype;
    std::int64_t bytes;
};
const std::map<std::string, StorageType> storage_types{
    {"DoubleStorage", {"F64", 8}}, {"FloatStorage", {"F32", 4}},     {"HalfStorage", {"F16", 2}},
    {"LongStorage", {"I64", 8}},   {"BFloat16Storage", {"BF16", 2}}, {"IntStorage", {"I32", 4}},
    {"ShortStorage", {"I16", 2}},  {"CharStorage", {"I8", 1}},       {"ByteStorage", {"U8", 1}},
    {"BoolStorage", {"BOOL", 1}},  {"UntypedStorage", {"U8", 1}},
};

/// key → the storage's bytes
using Storages = std::map<std::string, std::string>;

void add_tensors(const Value& value, const std::string& name, const Storages& storages, Reading& reading) {
    if (value.kind == 'd') {
        for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
            const Value& key = *value.items[i];
            const std::string text = key.kind == 's' ? key.text : key.kind == 'i' ? std::to_string(key.number) : "?";
            add_tensors(*value.items[i + 1], name.empty() ? text : name + "." + text, storages, reading);
        }
    } else if (value.kind == 'l' || value.kind == 't') {
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            const std::string text = std::to_string(i);
            add_tensors(*value.items[i], name.empty() ? text : name + "." + text, storages, reading);
        }
    } else if (value.kind == 'T') {
        ReadTensor tensor;
        const Value& storage = *value.items.at(0);
        const StorageType& type = storage_types.at(storage.name);
        tensor.dtype = type.dtype;
        std::int64_t count = 1;
        for (Value* size : value.items.at(2)->items) {
            tensor.shape.push_back(size->number);
            count *= size->number;
        }
        std::int64_t first = value.items.at(1)->number;
        if (!storage.items.empty()) first += storage.items[0]->number;
        const auto& strides = value.items.at(3)->items;
        for (std::int64_t i = 0; i < count; ++i) {
            std::int64_t rest = i, element = first;
            for (std::size_t d = strides.size(); d-- > 0; rest /= tensor.shape[d])
                element += rest % tensor.shape[d] * strides[d]->number;
            tensor.bytes +=
                storages.at(storage.text)
                    .substr(static_cast<std::size_t>(element * type.bytes), static_cast<std::size_t>(type.bytes));
        }
        decode_plainly(tensor);
        reading.tensors[name.empty() ? "tensor" : name] = std::move(tensor);
    }
}

void read_zip(const std::string& bytes, Reading& reading) {
    const std::size_t end = bytes.rfind("PK\5\6");
    PlainCursor tail(bytes, end + 10, reading);
    std::uint64_t count = tail.length(2);
    tail.length(4); // the directory's size, which follows from the count
    std::uint64_t position = tail.length(4);
    if (end >= 20 && bytes.compare(end - 20, 4, "PK\6\7") == 0) {
        PlainCursor locator(bytes, end - 12, reading);
        PlainCursor end64(bytes, locator.length(8) + 32, reading);
        count = end64.length(8);
        end64.length(8);
        position = end64.length(8);
    }
    PlainCursor cursor(bytes, position, reading);
    Storages members;
    std::string folder;
    for (std::uint64_t i = 0; i < count; ++i) {
        cursor.take(20);
        std::uint64_t member_size = cursor.length(4);
        cursor.length(4);
        const std::uint64_t name_length = cursor.length(2), extra_length = cursor.length(2), comment = cursor.length(2);
        cursor.take(8);
        const std::uint64_t offset = cursor.length(4);
        const std::string name = cursor.take(name_length);
        cursor.take(extra_length + comment); // a small seed has no 64-bit sizes here
        if (member_size == 0xffffffff || offset == 0xffffffff) throw std::runtime_error("64-bit sizes");
        PlainCursor local(bytes, offset + 18, reading);
        local.length(4);
        local.length(4);
        const std::uint64_t skip = local.length(2);
        local.take(local.length(2) + skip);
        members[name] = local.take(member_size);
        if (i == 0) folder = name.substr(0, name.find('/')) + "/";
        if (name == folder + "data.pkl") reading.lengths.push_back({local.position() - member_size, 1});
    }
    const std::string& data = members.at(folder + "data.pkl");
    Reading inner; // its positions count from the pickle's start
    PlainCursor pickle(data, 0, inner);
    PickleMachine machine(pickle);
    const Value* top = machine.run();
    const std::size_t start = bytes.find(data);
    for (const LengthField& field : inner.lengths)
        reading.lengths.push_back({start + field.position, field.width});
    Storages storages;
    for (const auto& [name, content] : members)
        if (name.compare(0, folder.size() + 5, folder + "data/") == 0)
            storages[name.substr(folder.size() + 5)] = content;
    add_tensors(*top, "", storages, reading);
}

void read_legacy(const std::string& bytes, Reading& reading) {
    PlainCursor cursor(bytes, 0, reading);
    for (int i = 0; i < 3; ++i)
        PickleMachine(cursor).run();
    PickleMachine object(cursor), keys(cursor);
    const Value* top = object.run();
    const Value* list = keys.run();
    std::map<std::string, std::string> types;
    for (const Value& value : object.values)
        if (value.kind == 'S') types[value.text] = value.name;
    Storages storages;
    for (const Value* key : list->items)
        storages[key->text] =
            cursor.take(cursor.length(8) * static_cast<std::uint64_t>(storage_types.at(types.at(key->text)).bytes));
    add_tensors(*top, "", storages, reading);
}

} // namespace

Reading independent_pytorch(const std::string& bytes) {
    Reading reading;
    if (bytes.compare(0, 2, "PK") == 0)
        read_zip(bytes, reading);
    else
        read_legacy(bytes, reading);
    return reading;
}

} // namespace quantscope::testing
