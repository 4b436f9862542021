// Recipes: merging, roles and patterns on a real model's layers, and errors that name the entry.
#include <QtTest>
#include <fstream>
#include <set>

#include "core/base/errors.h"
#include "core/recipe/recipe.h"

using namespace quantscope;
using nlohmann::json;

namespace {

Site site(const std::string& name, const std::string& role, bool in_default = true) {
    Site made;
    made.name = name;
    made.role = role;
    made.in_default = in_default;
    return made;
}

const Site q = site("model.layers.3.self_attn.q_proj", "q"), down = site("model.layers.3.mlp.down_proj", "down"),
           embedding = site("model.embed_tokens", "embedding", false);

json base(json sites = json::array()) {
    return {
        {"quantscope_recipe", 1},
        {"default",
         {{"weight",
           {{"grid", {{"name", "uniform"}, {"bits", 4}, {"granularity", "group"}, {"group", 32}, {"symmetric", true}}},
            {"clipping", {{"name", "mse"}}}}},
          {"activation", nullptr},
          {"kv", nullptr}}},
        {"sites", std::move(sites)}};
}

} // namespace

class RecipeTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void defaultsAreFilledIn();
    void defaultCoversOnlyLayersInsideBlocks();
    void laterEntriesWinAndMerge();
    void anotherMemberKeepsOnlyWhatBothHave();
    void nullLeavesALayerInFloat();
    void matchAndRoleMustBothHold();
    void starsMatchAsInAShell();
    void mistakesNameTheirEntry_data();
    void mistakesNameTheirEntry();
    void presetsAreValidAndTheFirstIsTheStudys();
    void labelsAreShort();
    void filesAreReadAndBrokenOnesNamed();
    void problemsOfTheDefaultModelAreNamed();
    void theStudysMixesOfADitCoverTheSameSites();
};

void RecipeTest::defaultsAreFilledIn() {
    const auto scheme = Recipe::from_json(base()).weight_scheme(q);
    for (const char* choice : {"transform", "clipping", "grid", "rounding", "residual"})
        QVERIFY2(scheme.contains(choice) && scheme[choice].contains("name"), choice);
    QCOMPARE(scheme["grid"]["scale_dtype"].get<std::string>(), std::string("fp16"));
    QCOMPARE(scheme["clipping"]["steps"].get<int>(), 81);
    const auto recipe = Recipe::from_json(base());
    QVERIFY(recipe.json() == base()); // as given
}

void RecipeTest::defaultCoversOnlyLayersInsideBlocks() {
    QVERIFY(Recipe::from_json(base()).weight_scheme(embedding).is_null());
    const auto named = Recipe::from_json(
        base({{{"match", "model.embed_tokens"}, {"weight", {{"grid", {{"name", "uniform"}, {"bits", 8}}}}}}}));
    QCOMPARE(named.weight_scheme(embedding)["grid"]["bits"].get<int>(), 8);
}

void RecipeTest::laterEntriesWinAndMerge() {
    const auto recipe = Recipe::from_json(base({{{"match", "*"}, {"weight", {{"grid", {{"bits", 6}}}}}},
                                                {{"match", "*down_proj"}, {"weight", {{"grid", {{"bits", 3}}}}}},
                                                {{"match", "*down_proj"}, {"weight", {{"grid", {{"group", 128}}}}}}}));
    const auto grid = recipe.weight_scheme(down)["grid"];
    QCOMPARE(grid["bits"].get<int>(), 3);
    QCOMPARE(grid["group"].get<int>(), 128);
    QCOMPARE(grid["symmetric"].get<bool>(), true);
    QCOMPARE(recipe.weight_scheme(q)["grid"]["bits"].get<int>(), 6);
    QCOMPARE(recipe.weight_scheme(q)["grid"]["group"].get<int>(), 32);
}

void RecipeTest::anotherMemberKeepsOnlyWhatBothHave() {
    const auto grid = Recipe::from_json(base({{{"role", "down"}, {"weight", {{"grid", {{"name", "piecewise"}}}}}}}))
                          .weight_scheme(down)["grid"];
    QCOMPARE(grid["name"].get<std::string>(), std::string("piecewise"));
    QCOMPARE(grid["bits"].get<int>(), 4);
    QCOMPARE(grid["group"].get<int>(), 32);
    QVERIFY(!grid.contains("symmetric"));
    QCOMPARE(grid["pieces"].get<int>(), 2);
}

void RecipeTest::nullLeavesALayerInFloat() {
    const auto recipe = Recipe::from_json(base({{{"role", "q"}, {"weight", nullptr}}}));
    QVERIFY(recipe.weight_scheme(q).is_null());
    QVERIFY(!recipe.weight_scheme(down).is_null());
}

void RecipeTest::matchAndRoleMustBothHold() {
    const auto recipe = Recipe::from_json(
        base({{{"match", "*.3.*"}, {"role", json::array({"gate", "down"})}, {"weight", {{"grid", {{"bits", 8}}}}}}}));
    QCOMPARE(recipe.weight_scheme(down)["grid"]["bits"].get<int>(), 8);
    QCOMPARE(recipe.weight_scheme(q)["grid"]["bits"].get<int>(), 4);
    QCOMPARE(recipe.weight_scheme(site("model.layers.4.mlp.down_proj", "down"))["grid"]["bits"].get<int>(), 4);
}

void RecipeTest::starsMatchAsInAShell() {
    const auto covers = [](const char* pattern) {
        return Recipe::from_json(base({{{"match", pattern}, {"weight", {{"grid", {{"bits", 8}}}}}}}))
                   .weight_scheme(down)["grid"]["bits"] == 8;
    };
    QVERIFY(covers("*") && covers("*.mlp.down_proj") && covers("model.layers.?.mlp.*"));
    QVERIFY(covers("model.layers.[0-5].mlp.down_proj"));
    QVERIFY(!covers("down_proj") && !covers("*.mlp") && !covers("*.self_attn.*"));
}

void RecipeTest::mistakesNameTheirEntry_data() {
    QTest::addColumn<QString>("recipe");
    QTest::addColumn<QString>("place");
    QTest::addColumn<QString>("words");
    const auto add = [](const char* name, const json& recipe, const char* place, const char* words) {
        QTest::newRow(name) << QString::fromStdString(recipe.dump()) << place << words;
    };
    const auto entry = [](const json& one) { return base(json::array({json{{"match", "*"}}, one})); };
    const auto grid = [&](const json& values) { return entry({{"match", "*"}, {"weight", {{"grid", values}}}}); };
    add("no version", {{"default", json::object()}}, "quantscope_recipe", "must be 1");
    add("another version", {{"quantscope_recipe", 2}}, "quantscope_recipe", "must be 1");
    add("a list", json::array(), "", "object");
    add(
        "unknown key",
        [&] {
            auto r = base();
            r["sitez"] = 1;
            return r;
        }(),
        "sitez", "sites");
    add(
        "sites no list",
        [&] {
            auto r = base();
            r["sites"] = 3;
            return r;
        }(),
        "sites", "list");
    add("unknown key in entry", entry({{"match", "*"}, {"wieght", 1}}), "sites[1].wieght", "weight");
    add("neither match nor role", entry({{"weight", nullptr}}), "sites[1]", "match");
    add("match no text", entry({{"match", 3}}), "sites[1].match", "text");
    add("unknown role", entry({{"role", "dwon"}}), "sites[1].role", "down");
    add("unknown role in list", entry({{"role", {"q", "z"}}}), "sites[1].role[1]", "allowed");
    add("no roles", entry({{"role", json::array()}}), "sites[1].role", "nothing");
    add("unknown grid", grid({{"name", "unifrom"}}), "sites[1].weight.grid.name", "uniform");
    add("unknown parameter", grid({{"bitz", 4}}), "sites[1].weight.grid.bitz", "bits");
    add("bits too many", grid({{"bits", 9}}), "sites[1].weight.grid.bits", "2…8");
    add("bits broken", grid({{"bits", 4.5}}), "sites[1].weight.grid.bits", "whole number");
    add("bits as text", grid({{"bits", "4"}}), "sites[1].weight.grid.bits", "whole number");
    add("flag as number", grid({{"symmetric", 1}}), "sites[1].weight.grid.symmetric", "true, false");
    add("option unknown", grid({{"granularity", "chanel"}}), "sites[1].weight.grid.granularity", "channel");
    add("pieces without bits", grid({{"name", "piecewise"}, {"bits", 2}, {"pieces", 3}}), "sites[1].weight.grid",
        "3 bits");
    add("unknown choice", entry({{"match", "*"}, {"weight", {{"griid", 1}}}}), "sites[1].weight.griid", "grid");
    add("clipping out of range",
        entry({{"match", "*"}, {"weight", {{"clipping", {{"name", "coefficient"}, {"coefficient", 2}}}}}}),
        "sites[1].weight.clipping.coefficient", "0.05…1");
    add("activation", entry({{"match", "*"}, {"activation", json::object()}}), "sites[1].activation", "weights only");
    add(
        "default's grid",
        [&] {
            auto r = base();
            r["default"]["weight"]["grid"]["bits"] = 1;
            return r;
        }(),
        "default.weight.grid.bits", "2…8");
}

void RecipeTest::mistakesNameTheirEntry() {
    QFETCH(QString, recipe);
    QFETCH(QString, place);
    QFETCH(QString, words);
    try {
        Recipe::from_json(json::parse(recipe.toStdString()), "mine.json");
        QFAIL("accepted");
    } catch (const RecipeError& error) {
        QCOMPARE(QString::fromStdString(error.place()), place);
        QCOMPARE(error.file(), std::string("mine.json"));
        QVERIFY2(QString::fromStdString(error.problem()).contains(words), error.what());
        QVERIFY(!QString(error.what()).contains('\n'));
    }
}

void RecipeTest::presetsAreValidAndTheFirstIsTheStudys() {
    QCOMPARE(presets().front().name, std::string("study-mlp-piecewise-w4"));
    std::set<std::string> names;
    for (const Preset& preset : presets()) {
        QVERIFY2(names.insert(preset.name).second, preset.name.c_str());
        QVERIFY(!preset.label.empty() && !preset.help.empty());
        const auto recipe = Recipe::from_json(preset.recipe);
        QVERIFY(!recipe.weight_scheme(q).is_null() && !recipe.weight_scheme(down).is_null());
    }
    QVERIFY(names.count("uniform-w4-g64"));
    for (int bits : {8, 6, 5, 4, 3})
        for (const char* grid : {"uniform", "piecewise"})
            for (const char* cut : {"channel", "g64"}) {
                const std::string name = std::string(grid) + "-w" + std::to_string(bits) + "-" + cut;
                QVERIFY2(names.count(name), name.c_str());
            }
    const auto study = Recipe::from_json(presets().front().recipe);
    QCOMPARE(scheme_label(study.weight_scheme(q)), std::string("uniform W4 channel"));
    QCOMPARE(scheme_label(study.weight_scheme(down)), std::string("piecewise W4 channel"));
    QCOMPARE(study.weight_scheme(down)["clipping"]["name"].get<std::string>(), std::string("mse"));
}

void RecipeTest::labelsAreShort() {
    const auto label = [](const json& grid) {
        auto recipe = base();
        recipe["default"]["weight"]["grid"] = grid;
        return scheme_label(Recipe::from_json(recipe).weight_scheme(q));
    };
    QCOMPARE(label({{"name", "uniform"}, {"bits", 4}, {"group", 64}}), std::string("uniform W4 g64"));
    QCOMPARE(label({{"name", "piecewise"}, {"bits", 3}, {"granularity", "channel"}}),
             std::string("piecewise W3 channel"));
    QCOMPARE(label({{"name", "uniform"}, {"bits", 8}, {"granularity", "tensor"}}), std::string("uniform W8 tensor"));
    QCOMPARE(scheme_label(nullptr), std::string("float"));
}

void RecipeTest::filesAreReadAndBrokenOnesNamed() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("r.json").toStdString();
    const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
    write(base().dump());
    QVERIFY(Recipe::load(path).json() == base());
    write("{\"quantscope_recipe\": 1,");
    try {
        Recipe::load(path);
        QFAIL("accepted");
    } catch (const Error& error) {
        QVERIFY2(QString(error.what()).contains("r.json"), error.what());
    }
    write(std::string(100000, '['));
    QVERIFY_EXCEPTION_THROWN(Recipe::load(path), Error);
    QVERIFY_EXCEPTION_THROWN(Recipe::load(folder.filePath("none.json").toStdString()), Error);
}

void RecipeTest::theStudysMixesOfADitCoverTheSameSites() {
    const auto model =
        Model::open(std::string(QUANTSCOPE_GOLDENS) + "/diffusion/original_patch4/model.pt", {.heads = 6});
    int mixes = 0;
    for (const Preset& preset : presets_for("dit")) {
        const auto recipe = Recipe::from_json(preset.recipe);
        const auto found = recipe.problems(*model);
        QVERIFY2(found.empty(), found.empty() ? "" : (preset.name + ": " + found.front()).c_str());
        if (preset.name.rfind("study-dit-", 0) != 0) continue;
        ++mixes;
        for (const Site& site : model->sites()) {
            const bool layer = site.role == "qkv" || site.role == "proj" || site.role == "fc1" || site.role == "fc2";
            const auto scheme = recipe.weight_scheme(site);
            QVERIFY2(!scheme.is_null(), site.name.c_str());
            const auto grid = scheme["grid"]["name"].get<std::string>();
            const bool mixed = preset.name.find("-rest-") != std::string::npos;
            const auto expected = mixed ? (layer ? "layers-" : "rest-") + grid : "study-dit-" + grid;
            QVERIFY2(preset.name.find(expected) != std::string::npos, (preset.name + " " + site.name).c_str());
        }
    }
    QCOMPARE(mixes, 16);
}

void RecipeTest::problemsOfTheDefaultModelAreNamed() {
    if (!QFile::exists(QUANTSCOPE_DEFAULT_MODEL)) QSKIP("the default model is not there; run packaging/setup.sh");
    const auto model = Model::open(QUANTSCOPE_DEFAULT_MODEL);
    for (const Preset& preset : presets_for("llm")) {
        const auto found = Recipe::from_json(preset.recipe).problems(*model);
        QVERIFY2(found.empty(), found.empty() ? "" : found.front().c_str());
    }
    const auto unmatched = Recipe::from_json(base({{{"match", "*.experts.*"}, {"weight", nullptr}}})).problems(*model);
    QCOMPARE(unmatched.size(), std::size_t(1));
    QVERIFY2(unmatched[0].find("sites[0]") != std::string::npos, unmatched[0].c_str());
    QVERIFY(!Recipe::from_json({{"quantscope_recipe", 1}}).problems(*model).empty()); // it quantizes nothing
    int covered = 0;
    for (const Site& one : model->sites())
        covered += !Recipe::from_json(base()).weight_scheme(one).is_null();
    QCOMPARE(covered, 210);
}

QTEST_APPLESS_MAIN(RecipeTest)
#include "tst_recipe.moc"
