// What every member of every choice has in common: it describes itself, and says which of its values do not go together.
#pragma once

#include <string>

#include "core/schemes/parameter.h"

namespace quantscope {

class Member {
public:
    virtual ~Member() = default;
    virtual Description describe() const = 0;
    /// What is wrong with values that are each allowed but do not go together, as half a sentence ("3 pieces need 3 bits
    /// or more"); empty when nothing is. \param values resolved, all parameters filled in
    virtual std::string conflict(const nlohmann::json& values) const {
        (void)values;
        return {};
    }
};

} // namespace quantscope
