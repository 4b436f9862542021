// Packed files: what is opened again is what was fitted, bit for bit, and hostile ones are refused by name.
#include <QtTest>
#include <cstring>

#include "core/base/errors.h"
#include "core/export/hugging_face.h"
#include "core/export/packed_checkpoint.h"
#include "models.h"

using namespace quantscope;
using namespace quantscope::testing;

class TestPacked : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void weights_opened_again_are_those_that_were_fitted_data() {
        QTest::addColumn<QString>("recipe");
        const auto row = [](const char* name, const json& recipe) {
            QTest::newRow(name) << QString::fromStdString(recipe.dump());
        };
        row("uniform channel 4", uniform_recipe(4));
        row("uniform tensor 3", uniform_recipe(3, "tensor"));
        row("uniform group 8 bits",
            recipe_of({{"name", "uniform"}, {"bits", 8}, {"granularity", "group"}, {"group", 16}}));
        row("uniform 5 symmetric", recipe_of({{"name", "uniform"}, {"bits", 5}, {"symmetric", true}}, "mse"));
        row("piecewise channel 4", recipe_of({{"name", "piecewise"}, {"bits", 4}, {"granularity", "channel"}}, "mse"));
        row("piecewise group 3",
            recipe_of({{"name", "piecewise"}, {"bits", 3}, {"granularity", "group"}, {"group", 16}}, "mse"));
    }
    void weights_opened_again_are_those_that_were_fitted() {
        QFETCH(QString, recipe);
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const auto model = fitted(tiny_llama(root / "source"), json::parse(recipe.toStdString()));
        QCOMPARE(model->sites().size(), std::size_t(14));
        Progress progress;
        const auto written = write_packed_folder(*model, root / "packed", progress);
        QCOMPARE(written.bytes, std::uint64_t(fs::file_size(root / "packed" / "model.safetensors")));
        QCOMPARE(packed_file_bytes(*model), written.bytes);
        QCOMPARE(names_in(root / "packed"),
                 (std::vector<std::string>{"config.json", "model.safetensors", "tokenizer_config.json"}));
        QCOMPARE(written.files.size(), std::size_t(3));

        const auto again = open_model(root / "packed");
        QCOMPARE(again->family(), std::string("llama"));
        QCOMPARE(again->checkpoint().format(), std::string("packed"));
        QVERIFY2(again->architecture(), again->why_not_evaluated().c_str());
        QCOMPARE(packed_recipe(again->checkpoint()), model->recipe());
        QCOMPARE(again->sites().size(), model->model().sites().size());
        QCOMPARE(again->parameters(), model->model().parameters());
        const OriginalWeights weights(again);
        for (const Site& site : model->model().sites()) {
            const Site* same = again->find_site(site.name);
            QVERIFY(same);
            QCOMPARE(same->role, site.role);
            const auto expected = all_rows(*model, site), found = all_rows(weights, *same);
            QVERIFY2(std::memcmp(expected.data(), found.data(), expected.size() * 4) == 0, site.name.c_str());
        }
        QCOMPARE(again->read_vector("model.norm.weight"), model->model().read_vector("model.norm.weight"));
        for (std::size_t i = 0; i < again->checkpoint().tensors().size(); ++i)
            QCOMPARE(again->checkpoint().tensors()[i].name, model->model().checkpoint().tensors()[i].name);
    }

    void a_gguf_source_keeps_its_names_rows_and_vocabulary_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"llama3_wide", "llama_biases_wide", "qwen2_wide", "qwen3_wide"})
            QTest::newRow(name) << name;
    }
    void a_gguf_source_keeps_its_names_rows_and_vocabulary() {
        QFETCH(QString, name);
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const fs::path source = fs::path(QUANTSCOPE_GOLDENS) / "model" / (name.toStdString() + ".gguf");
        const auto model = fitted(source, uniform_recipe(4));
        Progress progress;
        const auto written = write_packed_folder(*model, root / "packed", progress);
        QCOMPARE(packed_file_bytes(*model), written.bytes);
        const auto again = open_model(root / "packed");
        QVERIFY2(again->architecture(), again->why_not_evaluated().c_str());
        QCOMPARE(again->checkpoint().naming(), std::string("gguf"));
        QCOMPARE(again->checkpoint().metadata(), model->model().checkpoint().metadata());
        QCOMPARE(again->architecture()->rotary_scaling.divisors,
                 model->model().architecture()->rotary_scaling.divisors);
        for (const Site& site : model->model().sites())
            QCOMPARE(all_rows(OriginalWeights(again), *again->find_site(site.name)), all_rows(*model, site));
        for (const auto& [hugging_face, own] : model->model().names())
            if (hugging_face.ends_with(".bias") || hugging_face.find("norm") != std::string::npos)
                QCOMPARE(again->read_vector(hugging_face), model->model().read_vector(hugging_face));

        // From there to Hugging Face's layout, whose rows are in another order again.
        const FittedModel unchanged(again, packed_recipe(again->checkpoint()), {});
        write_hugging_face(unchanged, root / "hf", {}, progress);
        const OriginalWeights folder_weights(open_model(root / "hf"));
        for (const Site& site : model->model().sites())
            QCOMPARE(all_rows(folder_weights, *folder_weights.model().find_site(site.name)), all_rows(*model, site));
    }

    void codes_and_parameters_are_stored_as_they_were_fitted() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const auto model = fitted(tiny_llama(root / "source"), uniform_recipe());
        Progress progress;
        write_packed(*model, root / "packed.safetensors", progress);
        const auto stored = Checkpoint::open(root / "packed.safetensors"); // the plain view of the file
        std::uint64_t bytes = 0;
        for (const auto& tensor : stored->tensors())
            bytes += tensor.bytes;
        QCOMPARE(bytes, model->bytes());
        for (const auto& [name, site] : model->sites())
            for (const auto& [array, values] : site.arrays) {
                const TensorInfo& tensor = stored->at(name + "." + array);
                QCOMPARE(tensor.shape, values.shape);
                const auto raw = stored->raw(tensor);
                QVERIFY(std::equal(raw.begin(), raw.end(), values.data.begin(), values.data.end()));
            }
        const auto opened = open_model(root / "packed.safetensors"); // no config.json beside it
        QVERIFY(opened->architecture());
        const auto& packed = dynamic_cast<const PackedCheckpoint&>(opened->checkpoint());
        const auto site = packed.site(packed.at("model.layers.1.mlp.down_proj.weight"));
        QCOMPARE(site->scheme, model->find("model.layers.1.mlp.down_proj")->scheme);
        QCOMPARE(site->error.mse, model->find("model.layers.1.mlp.down_proj")->error.mse);
    }

    void convolutions_and_unknown_families_are_packed_too() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        std::vector<TensorToWrite> tensors;
        tensors.push_back(random_tensor("net.0.linear.weight", {8, 24}, 1));
        tensors.push_back(random_tensor("stem.conv.weight", {4, 2, 3, 3}, 2, DType::BF16));
        tensors.push_back(random_tensor("stem.conv.bias", {4}, 3, DType::F16));
        const std::vector<std::int64_t> steps{7};
        tensors.push_back(tensor_of_bytes("steps", DType::I64, {1}, std::as_bytes(std::span(steps))));
        Progress progress;
        write_safetensors(root / "net.safetensors", std::move(tensors), {}, progress);
        json recipe = uniform_recipe(3);
        recipe["sites"] = {{{"match", "stem.conv"}, {"weight", uniform_recipe(5)["default"]["weight"]}}};
        const auto model = fitted(root / "net.safetensors", recipe);
        QCOMPARE(model->sites().size(), std::size_t(2));
        write_packed(*model, root / "packed.safetensors", progress);
        const auto again = open_model(root / "packed.safetensors");
        QCOMPARE(again->family(), std::string("unknown"));
        QCOMPARE(again->checkpoint().at("stem.conv.weight").shape, (std::vector<std::int64_t>{4, 2, 3, 3}));
        for (const Site& site : again->sites())
            QCOMPARE(all_rows(OriginalWeights(again), site), all_rows(*model, site));
        QCOMPARE(again->checkpoint().raw(again->checkpoint().at("steps")).size(), std::size_t(8));
        QVERIFY_THROWS_EXCEPTION(ShapeError, again->checkpoint().raw(again->checkpoint().at("stem.conv.weight")));
    }

    void a_packed_model_can_be_quantized_again_where_it_was_not() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        Progress progress;
        const auto first = fitted(tiny_llama(root / "source"), uniform_recipe());
        write_packed(*first, root / "first.safetensors", progress);
        json only_head = uniform_recipe(8);
        only_head["default"] = json::object();
        only_head["sites"] = {{{"match", "lm_head"}, {"weight", uniform_recipe(8)["default"]["weight"]}}};
        const auto second = fitted(root / "first.safetensors", only_head);
        QCOMPARE(second->sites().size(), std::size_t(1));
        write_packed(*second, root / "second.safetensors", progress);
        const OriginalWeights again(open_model(root / "second.safetensors"));
        for (const Site& site : again.model().sites()) {
            const WeightSource& expected = site.name == "lm_head" ? *second : *first;
            QCOMPARE(all_rows(again, site), all_rows(expected, *expected.model().find_site(site.name)));
        }
    }
};

QTEST_APPLESS_MAIN(TestPacked)
#include "tst_packed.moc"
