// Collects the five folders' members into the one list that everything else reads.
#include "core/schemes/registry.h"

#include "core/base/errors.h"
#include "core/schemes/suggestion.h"

namespace quantscope {

namespace {

template <typename T> void append(std::vector<Description>& list, const Members<T>& members) {
    for (const auto& member : members) list.push_back(member->describe());
}

template <typename T> const T& named(Choice choice, const Members<T>& members, std::string_view wanted) {
    for (const auto& member : members)
        if (member->describe().name == wanted) return *member;
    throw RecipeError({}, std::string(name(choice)), "there is no " + in_quotes(wanted) + "; allowed: " + [&] {
        std::vector<std::string> names;
        for (const auto& member : members) names.push_back(member->describe().name);
        return joined(names);
    }());
}

template <typename T> const Member* find(const Members<T>& members, std::string_view wanted) {
    for (const auto& member : members)
        if (member->describe().name == wanted) return member.get();
    return nullptr;
}

} // namespace

const std::vector<Description>& all_members() {
    static const std::vector<Description> members = [] {
        std::vector<Description> list;
        append(list, transforms());
        append(list, clippings());
        append(list, grids());
        append(list, roundings());
        append(list, residuals());
        return list;
    }();
    return members;
}

const Member* member_object(Choice choice, std::string_view wanted) {
    switch (choice) {
    case Choice::transform: return find(transforms(), wanted);
    case Choice::clipping: return find(clippings(), wanted);
    case Choice::grid: return find(grids(), wanted);
    case Choice::rounding: return find(roundings(), wanted);
    case Choice::residual: return find(residuals(), wanted);
    }
    return nullptr;
}

const Clipping& clipping_named(std::string_view wanted) { return named(Choice::clipping, clippings(), wanted); }
const Grid& grid_named(std::string_view wanted) { return named(Choice::grid, grids(), wanted); }
const Rounding& rounding_named(std::string_view wanted) { return named(Choice::rounding, roundings(), wanted); }

} // namespace quantscope
