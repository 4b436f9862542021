// The full count of seeded mutations: 20,000 of a small file of every format.
#include "tests/fuzz/mutations.h"

int main(int argc, char** argv) {
    quantscope::testing::MutationTest test(20'000);
    return QTest::qExec(&test, argc, argv);
}
