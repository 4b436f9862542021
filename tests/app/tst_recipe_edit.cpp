// Edits of a recipe, judged by what the recipe room's own reader makes of the result.
#include <QFloat16>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/studio/recipe_document.h"
#include "app/studio/recipe_edit.h"
#include "core/base/errors.h"
#include "core/recipe/recipe.h"

using namespace quantscope;
using nlohmann::json;

namespace {

Site site(const char* name, const char* role) {
    Site made;
    made.name = name;
    made.role = role;
    made.in_default = made.role != "head";
    return made;
}

const std::vector<Site>& sites() {
    static const std::vector<Site> all{site("block.0.q", "q"), site("block.0.down", "down"), site("block.1.q", "q"),
                                       site("block.1.down[0]", "down"), site("head", "head")};
    return all;
}

/// A default, and a rule for a role above it.
json start() {
    return {{"quantscope_recipe", 1},
            {"name", "test"},
            {"default",
             {{"weight", {{"grid", {{"name", "uniform"}, {"bits", 4}, {"granularity", "group"}, {"group", 32}}}}}}},
            {"sites", {{{"role", "down"}, {"weight", {{"grid", {{"name", "piecewise"}}}}}}}}};
}

json scheme(const json& recipe, std::size_t place) { return Recipe::from_json(recipe).weight_scheme(sites()[place]); }

} // namespace

class TestRecipeEdit : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void a_layers_own_choice_wins_and_touches_no_other();
    void another_member_keeps_bits_and_group();
    void names_with_pattern_characters_match_themselves_only();
    void without_layers_the_default_changes();
    void a_layer_left_in_float_comes_back();
    void a_layer_outside_of_the_default_can_be_quantized();
    void reset_takes_own_entries_away();
    void seen_by_means_the_same();
    void every_change_can_be_undone();
    void a_drag_is_one_step();
    void a_drag_back_to_its_start_leaves_no_step();
    void a_cancelled_drag_leaves_the_recipe_as_it_was();
    void saving_and_opening_keeps_the_recipe();
    void opening_another_recipe_can_be_undone();
    void what_equals_the_file_is_not_modified();
    void what_is_no_recipe_is_refused_data();
    void what_is_no_recipe_is_refused();
};

void TestRecipeEdit::a_layers_own_choice_wins_and_touches_no_other() {
    const json edited =
        recipe_edit::with_parameter(start(), {QStringLiteral("block.0.down")}, "grid", "piecewise", "bits", 3);
    QCOMPARE(scheme(edited, 1)["grid"]["bits"], json(3));
    QCOMPARE(scheme(edited, 1)["grid"]["name"], json("piecewise"));
    QCOMPARE(scheme(edited, 1)["grid"]["group"], json(32));
    for (const std::size_t other : {0, 2, 3, 4})
        QCOMPARE(scheme(edited, other), scheme(start(), other));
}

void TestRecipeEdit::another_member_keeps_bits_and_group() {
    json edited = recipe_edit::with_parameter(start(), {QStringLiteral("block.0.q")}, "grid", "uniform", "bits", 6);
    edited = recipe_edit::with_member(edited, {QStringLiteral("block.0.q")}, "grid", "piecewise");
    QCOMPARE(scheme(edited, 0)["grid"]["name"], json("piecewise"));
    QCOMPARE(scheme(edited, 0)["grid"]["bits"], json(6));
    QCOMPARE(scheme(edited, 0)["grid"]["group"], json(32));
}

void TestRecipeEdit::names_with_pattern_characters_match_themselves_only() {
    const json edited = recipe_edit::with_member(start(), {QStringLiteral("block.1.down[0]")}, "grid", "uniform");
    QCOMPARE(scheme(edited, 3)["grid"]["name"], json("uniform"));
    QCOMPARE(scheme(edited, 1)["grid"]["name"], json("piecewise"));
    QVERIFY(recipe_edit::has_own_entry(edited, QStringLiteral("block.1.down[0]")));
}

void TestRecipeEdit::without_layers_the_default_changes() {
    const json edited = recipe_edit::with_parameter(start(), {}, "grid", "uniform", "bits", 8);
    QCOMPARE(scheme(edited, 0)["grid"]["bits"], json(8));
    QCOMPARE(edited["sites"], start()["sites"]);
}

void TestRecipeEdit::a_layer_left_in_float_comes_back() {
    const QStringList layers{QStringLiteral("block.0.q"), QStringLiteral("block.1.q")};
    const json floated = recipe_edit::left_in_float(start(), layers);
    QVERIFY(scheme(floated, 0).is_null() && scheme(floated, 2).is_null());
    QVERIFY(!scheme(floated, 1).is_null());
    const json back = recipe_edit::quantized(floated, layers);
    QCOMPARE(scheme(back, 0), scheme(start(), 0));
}

void TestRecipeEdit::a_layer_outside_of_the_default_can_be_quantized() {
    QVERIFY(scheme(start(), 4).is_null());
    const json edited = recipe_edit::quantized(start(), {QStringLiteral("head")});
    QCOMPARE(scheme(edited, 4), scheme(start(), 0));
    json bare{{"quantscope_recipe", 1}};
    QCOMPARE(scheme(recipe_edit::quantized(bare, {QStringLiteral("head")}), 4)["grid"]["name"], json("uniform"));
    QCOMPARE(scheme(recipe_edit::with_member(bare, {QStringLiteral("head")}, "clipping", "mse"), 4)["clipping"]["name"],
             json("mse"));
}

void TestRecipeEdit::reset_takes_own_entries_away() {
    const QStringList layers{QStringLiteral("block.0.down")};
    json edited = recipe_edit::with_parameter(start(), layers, "grid", "piecewise", "bits", 2);
    edited = recipe_edit::left_in_float(edited, {QStringLiteral("block.0.q")});
    edited = recipe_edit::without_own_entries(edited, layers);
    QCOMPARE(scheme(edited, 1), scheme(start(), 1));
    QVERIFY(scheme(edited, 0).is_null());
}

void TestRecipeEdit::seen_by_means_the_same() {
    json edited = recipe_edit::with_parameter(
        start(), {QStringLiteral("block.0.down"), QStringLiteral("block.1.down[0]")}, "grid", "piecewise", "bits", 3);
    edited = recipe_edit::left_in_float(edited, {QStringLiteral("block.1.q")});
    for (std::size_t i = 0; i < sites().size(); ++i)
        QCOMPARE(scheme(recipe_edit::seen_by(edited, QString::fromStdString(sites()[i].name)), i), scheme(edited, i));
}

void TestRecipeEdit::every_change_can_be_undone() {
    RecipeDocument document;
    document.reset(start());
    QSignalSpy changed(&document, &RecipeDocument::changed);
    std::vector<json> states{start()};
    for (const int bits : {3, 5, 8}) {
        states.push_back(recipe_edit::with_parameter(states.back(), {}, "grid", "uniform", "bits", bits));
        document.change(states.back(), QStringLiteral("set bits"));
    }
    QVERIFY(document.isModified());
    for (std::size_t i = states.size() - 1; i-- > 0;) {
        document.undoStack().undo();
        QCOMPARE(document.recipe(), states[i]);
    }
    QVERIFY(!document.isModified());
    for (std::size_t i = 1; i < states.size(); ++i) {
        document.undoStack().redo();
        QCOMPARE(document.recipe(), states[i]);
    }
    QCOMPARE(changed.count(), 9);
    document.change(document.recipe(), QStringLiteral("nothing"));
    QCOMPARE(document.undoStack().count(), 3);
}

void TestRecipeEdit::a_drag_is_one_step() {
    RecipeDocument document;
    document.reset(start());
    const auto drag = [&](double value, bool end) {
        document.change(
            recipe_edit::with_parameter(document.recipe(), {}, "clipping", "coefficient", "coefficient", value),
            QStringLiteral("drag"), QStringLiteral("clip"), end);
    };
    for (int i = 0; i < 20; ++i)
        drag(0.9 - i * 0.01, i == 19);
    QCOMPARE(document.undoStack().count(), 1);
    drag(0.5, true); // another drag of the same handle is another step
    QCOMPARE(document.undoStack().count(), 2);
    document.undoStack().undo();
    document.undoStack().undo();
    QCOMPARE(document.recipe(), start());
}

void TestRecipeEdit::a_drag_back_to_its_start_leaves_no_step() {
    RecipeDocument document;
    document.reset(recipe_edit::with_parameter(start(), {}, "clipping", "coefficient", "coefficient", 0.9));
    for (const double value : {0.8, 0.7, 0.9})
        document.change(
            recipe_edit::with_parameter(document.recipe(), {}, "clipping", "coefficient", "coefficient", value),
            QStringLiteral("drag"), QStringLiteral("clip"), value == 0.9);
    QCOMPARE(document.undoStack().count(), 0);
    QVERIFY(!document.isModified());
}

void TestRecipeEdit::saving_and_opening_keeps_the_recipe() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("a recipe.json"));
    RecipeDocument document;
    document.reset(start());
    document.change(recipe_edit::left_in_float(start(), {QStringLiteral("head")}), QStringLiteral("float"));
    document.save(path);
    QVERIFY(!document.isModified());
    RecipeDocument other;
    other.open(path);
    QCOMPARE(other.recipe(), document.recipe());
    QCOMPARE(other.path(), path);
    QVERIFY_EXCEPTION_THROWN(document.save(folder.filePath(QStringLiteral("no/such/folder.json"))), IoError);
}

void TestRecipeEdit::a_cancelled_drag_leaves_the_recipe_as_it_was() {
    RecipeDocument document;
    const json searched = recipe_edit::with_member(start(), {}, "clipping", "mse");
    document.reset(start());
    document.change(searched, QStringLiteral("search the clip"));
    for (const double value : {0.8, 0.7})
        document.change(
            recipe_edit::with_parameter(document.recipe(), {}, "clipping", "coefficient", "coefficient", value),
            QStringLiteral("drag"), QStringLiteral("clip"), false);
    document.cancelDrag(QStringLiteral("clip"));
    QCOMPARE(document.recipe(), searched); // the method too, not only the number
    QVERIFY(!document.undoStack().canRedo());
    document.cancelDrag(QStringLiteral("clip")); // nothing is dragged: an edit must not go
    QCOMPARE(document.recipe(), searched);
}

void TestRecipeEdit::opening_another_recipe_can_be_undone() {
    const QTemporaryDir folder;
    const QString first = folder.filePath(QStringLiteral("first.json"));
    const QString second = folder.filePath(QStringLiteral("second.json"));
    const json other = recipe_edit::left_in_float(start(), {QStringLiteral("head")});
    RecipeDocument document;
    document.reset(other);
    document.save(second);
    document.reset(start());
    document.save(first);
    const json edited = recipe_edit::with_parameter(start(), {}, "grid", "uniform", "bits", 3);
    document.change(edited, QStringLiteral("set bits"));
    document.open(second);
    QCOMPARE(document.recipe(), other);
    QVERIFY(!document.isModified());
    document.undoStack().undo();
    QCOMPARE(document.recipe(), edited);
    QCOMPARE(document.path(), first); // or the next save would overwrite the second
    QVERIFY(document.isModified());
    document.undoStack().undo();
    QVERIFY(!document.isModified());
    document.undoStack().redo();
    document.undoStack().redo();
    QCOMPARE(document.path(), second);
    QCOMPARE(document.recipe(), other);
}

void TestRecipeEdit::what_equals_the_file_is_not_modified() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("a.json"));
    RecipeDocument document;
    document.reset(start());
    document.save(path);
    const json edited = recipe_edit::with_parameter(start(), {}, "grid", "uniform", "bits", 3);
    document.change(edited, QStringLiteral("set bits"));
    QVERIFY(document.isModified());
    document.change(start(), QStringLiteral("set them back")); // by hand, two steps from the saved one
    QVERIFY(!document.isModified());
    document.take(edited, {}, QStringLiteral("take a preset"));
    QVERIFY2(!document.isModified(), "a preset as it is can be had again");
    document.undoStack().undo();
    QCOMPARE(document.path(), path);
    QVERIFY(!document.isModified());
    RecipeDocument restored; // a session remembers the path; the file says whether there is something to save
    restored.reset(edited, path);
    QVERIFY(restored.isModified());
    restored.reset(start(), path);
    QVERIFY(!restored.isModified());
}

void TestRecipeEdit::what_is_no_recipe_is_refused_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("no JSON") << QByteArray("bits = 4");
    QTest::newRow("a list") << QByteArray("[1]");
    QTest::newRow("another version") << QByteArray("{\"quantscope_recipe\": 2}");
    QTest::newRow("nested without end") << QByteArray(100'000, '[');
}

void TestRecipeEdit::what_is_no_recipe_is_refused() {
    QFETCH(QByteArray, text);
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("bad.json"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
    file.close();
    RecipeDocument document;
    document.reset(start());
    try {
        document.open(path);
        QFAIL("was opened");
    } catch (const Error& error) {
        QCOMPARE(QString::fromStdString(error.file()), path);
    }
    QCOMPARE(document.recipe(), start());
}

QTEST_MAIN(TestRecipeEdit)
#include "tst_recipe_edit.moc"
