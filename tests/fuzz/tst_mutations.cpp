// A quick share of the seeded mutations of small files of every format.
#include "tests/fuzz/mutations.h"

int main(int argc, char** argv) {
    quantscope::testing::MutationTest test(1500);
    return QTest::qExec(&test, argc, argv);
}
