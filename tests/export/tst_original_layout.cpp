// Quantized image models in their original layout: names, order, dtypes, containers and folders as the source has them,
// and the same model when it is opened again.
#include <QtTest>
#include <set>

#include "core/base/errors.h"
#include "core/export/original_layout.h"
#include "core/model/diffusion_transformer.h"
#include "image_models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

const ExportFormat& format_of(const QString& name) { return export_format(name.toStdString()); }

/// What a DiT predicts for the golden's own input.
std::vector<float> prediction(std::shared_ptr<const WeightSource> weights, const std::string& golden) {
    const auto file = Checkpoint::open(diffusion_goldens / "expected" / (golden + ".safetensors"));
    const auto& shape = file->at("x").shape;
    const ImageBatch x{shape[0], shape[1], shape[2], shape[3], file->read(file->at("x"))};
    const auto whole_numbers = [&](const char* name) {
        const auto bytes = file->raw(file->at(name));
        std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
        std::memcpy(numbers.data(), bytes.data(), bytes.size());
        return numbers;
    };
    const auto t = whole_numbers("t"), y = whole_numbers("y");
    Progress progress;
    return DiffusionTransformer(std::move(weights))
        .denoise(x, std::vector<float>(t.begin(), t.end()), y, progress)
        .values;
}

/// A whole diffusers pipeline: a DiT, a scheduler, a VAE, and a part that is too large to be copied.
fs::path pipeline(const fs::path& folder) {
    fs::create_directories(folder / "scheduler");
    fs::create_directories(folder / "text_encoder");
    fs::copy(diffusion_goldens / "diffusers_shared", folder / "transformer");
    fs::copy(fs::path(QUANTSCOPE_GOLDENS) / "autoencoder" / "post_quant", folder / "vae");
    std::ofstream(folder / "scheduler" / "scheduler_config.json") << R"({"_class_name": "DDIMScheduler"})";
    std::ofstream(folder / "text_encoder" / "model.safetensors") << "large";
    fs::resize_file(folder / "text_encoder" / "model.safetensors", copied_part_bytes + 1); // nothing is stored of it
    std::ofstream(folder / "secret.txt") << "no part";
    const json both = {"diffusers", "X"};
    const json index = {{"_class_name", "DiTPipeline"}, {"transformer", both}, {"scheduler", both}, {"vae", both},
                        {"text_encoder", both},         {"../outside", both},  {"absent", both}};
    std::ofstream(folder / "model_index.json") << index.dump(2);
    return folder;
}

} // namespace

class TestOriginalLayout : public QObject {
    Q_OBJECT

    QTemporaryDir temporary_;
    fs::path root_;
    int count_ = 0;

    /// A place that nothing has been written to, named as a person would.
    fs::path new_place(const ExportFormat& format) {
        const fs::path folder = root_ / std::to_string(count_++);
        fs::create_directories(folder);
        return format.is_folder ? folder / "model" : folder / ("model" + format.extension);
    }

private Q_SLOTS:
    void initTestCase() {
        const auto kept = qEnvironmentVariable("QUANTSCOPE_EXPORT_FOLDER"); // for check_dit_exports.py
        root_ = kept.isEmpty() ? fs::path(temporary_.path().toStdString()) : fs::path(kept.toStdString());
    }

    void a_quantized_model_goes_out_as_it_came_and_opens_again_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("format");
        for (const auto& [name, path] : image_models())
            for (const ExportFormat& format : export_formats())
                if (format.name != "packed" && format.why_not(*open_model(path)).empty())
                    QTest::addRow("%s as %s", name.c_str(), format.name.c_str())
                        << QString::fromStdString(path.string()) << QString::fromStdString(format.name);
    }
    void a_quantized_model_goes_out_as_it_came_and_opens_again() {
        QFETCH(QString, path);
        QFETCH(QString, format);
        const auto model = fitted(path.toStdString(), every_site_recipe());
        QCOMPARE(model->sites().size(), model->model().sites().size());
        const fs::path target = new_place(format_of(format));
        Progress progress;
        const ExportResult written = format_of(format).write(*model, target, {}, progress);
        for (const fs::path& file : written.files)
            QVERIFY2(fs::is_regular_file(file), file.c_str());
        const auto again = open_model(target);
        // Its table of positions, float32, would begin in the middle of a number.
        const bool in_order = format != "safetensors" || !path.contains("original_plain");
        const std::string differs = what_differs(*model, again->checkpoint(), in_order);
        QVERIFY2(differs.empty(), differs.c_str());
        QCOMPARE(again->family(), model->model().family());
        QCOMPARE(again->checkpoint().format(), std::string(format == "pt" ? "pytorch" : "safetensors"));
        QCOMPARE(again->parameters(), model->model().parameters());
        QCOMPARE(again->sites().size(), model->model().sites().size()); // copies are copies again
        for (std::size_t i = 0; i < again->sites().size(); ++i) {
            QCOMPARE(again->sites()[i].name, model->model().sites()[i].name);
            QCOMPARE(again->sites()[i].role, model->model().sites()[i].role);
        }
        QCOMPARE(again->why_not_evaluated(), model->model().why_not_evaluated()); // config.json came along
        if (format == "pt") QCOMPARE(again->checkpoint().container(), model->model().checkpoint().container());
    }

    void weights_in_float32_predict_bit_for_bit_what_the_quantized_model_does_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("format");
        for (const std::string& name : dit_goldens())
            for (const char* format : {"packed", "safetensors", "pt", "diffusers"})
                if (export_format(format).why_not(*open_model(dit_golden(name))).empty())
                    QTest::addRow("%s as %s", name.c_str(), format) << QString::fromStdString(name) << format;
    }
    void weights_in_float32_predict_bit_for_bit_what_the_quantized_model_does() {
        QFETCH(QString, name);
        QFETCH(QString, format);
        const std::string golden = name.toStdString();
        const auto model = fitted(dit_golden(golden), every_site_recipe(4));
        const fs::path target = new_place(format_of(format));
        ExportOptions options;
        options.dtype = "float32";
        Progress progress;
        const ExportResult written = format_of(format).write(*model, target, options, progress);
        QVERIFY(written.remarks.empty() || format == "pt");
        const auto again = std::make_shared<OriginalWeights>(open_model(target));
        const auto expected = prediction(model, golden), found = prediction(again, golden);
        QVERIFY(!expected.empty() && expected.size() == found.size());
        QVERIFY(std::memcmp(expected.data(), found.data(), expected.size() * sizeof(float)) == 0);
        QVERIFY(expected != prediction(std::make_shared<OriginalWeights>(open_model(dit_golden(golden))), golden));
    }

    void the_container_of_the_source_is_kept_and_its_name_told() {
        const auto model = fitted(dit_golden("original_plain"), uniform_recipe());
        QCOMPARE(model->model().checkpoint().container(), std::string("ema"));
        const fs::path target = new_place(export_format("pt"));
        Progress progress;
        const auto written = export_format("pt").write(*model, target, {}, progress);
        QVERIFY(written.remarks.back().find("\"ema\"") != std::string::npos);
        QCOMPARE(Checkpoint::open(target)->container(), std::string("ema"));
        // The way through a packed file loses nothing of it.
        const fs::path packed = new_place(export_format("packed"));
        export_format("packed").write(*model, packed, {}, progress);
        const FittedModel unchanged(open_model(packed), model->recipe(), {});
        const fs::path from_packed = new_place(export_format("pt"));
        export_format("pt").write(unchanged, from_packed, {}, progress);
        const auto again = open_model(from_packed);
        QCOMPARE(again->checkpoint().container(), std::string("ema"));
        for (const Site& site : model->model().sites())
            QCOMPARE(all_rows(OriginalWeights(again), *again->find_site(site.name)), all_rows(*model, site));
    }

    void rounding_to_the_dtype_of_the_source_is_told_and_can_be_avoided() {
        const auto model = fitted(dit_golden("diffusers_shared"), every_site_recipe());
        Progress progress;
        const auto rounded =
            export_format("safetensors").write(*model, new_place(export_format("safetensors")), {}, progress);
        QCOMPARE(rounded.remarks.size(), std::size_t(1));
        QVERIFY2(rounded.remarks[0].find("rounded to F16") != std::string::npos, rounded.remarks[0].c_str());
        ExportOptions wide;
        wide.dtype = "float32";
        const fs::path target = new_place(export_format("safetensors"));
        QVERIFY(export_format("safetensors").write(*model, target, wide, progress).remarks.empty());
        for (const TensorInfo& tensor : Checkpoint::open(target)->tensors())
            QCOMPARE(int(tensor.dtype), int(DType::F32));
    }

    void the_order_of_the_source_is_kept_where_values_stay_aligned() {
        std::vector<TensorToWrite> tensors;
        tensors.push_back(random_tensor("z.linear.weight", {4, 4}, 1, DType::F16));
        tensors.push_back(random_tensor("a.linear.weight", {4, 4}, 2));
        const fs::path source = root_ / "order.safetensors", target = root_ / "order_again.safetensors";
        Progress progress;
        write_safetensors(source, tensors, {{"mine", "kept"}}, progress, TensorOrder::given);
        const auto model = fitted(source, every_site_recipe());
        export_format("safetensors").write(*model, target, {}, progress);
        const auto again = Checkpoint::open(target);
        QCOMPARE(again->tensors()[0].name, std::string("z.linear.weight"));
        QCOMPARE(again->metadata().at("mine"), json("kept"));
        QCOMPARE(json::parse(again->metadata().at("quantscope").get<std::string>())["recipe"], model->recipe());
        tensors[0] = random_tensor("z.linear.weight", {3, 1}, 1, DType::F16); // 6 bytes: F32 would begin at no 4
        write_safetensors(source, std::move(tensors), {}, progress, TensorOrder::given);
        QCOMPARE(Checkpoint::open(source)->tensors()[0].name, std::string("a.linear.weight"));
    }

    void a_pipeline_stays_a_pipeline() {
        const fs::path source = pipeline(root_ / "pipeline"), target = root_ / "quantized";
        const auto model = fitted(source, every_site_recipe());
        Progress progress;
        fs::create_directories(target / "transformer"); // of an earlier export
        std::ofstream(target / "transformer" / "diffusion_pytorch_model.safetensors.index.json") << "stale";
        const auto written = export_format("diffusers").write(*model, target, {}, progress);
        QCOMPARE(names_in(target), (std::vector<std::string>{"model_index.json", "scheduler", "transformer", "vae"}));
        QCOMPARE(names_in(target / "transformer"),
                 (std::vector<std::string>{"config.json", "diffusion_pytorch_model.safetensors", "quantscope.json"}));
        QCOMPARE(written.files.size(), std::size_t(7));
        QCOMPARE(written.remarks.size(), std::size_t(2));
        QVERIFY2(written.remarks[1].find("text_encoder (1000 MB)") != std::string::npos, written.remarks[1].c_str());
        for (const char* file : {"model_index.json", "scheduler/scheduler_config.json", "transformer/config.json",
                                 "vae/config.json", "vae/diffusion_pytorch_model.safetensors"})
            QVERIFY2(content_of(target / file) == content_of(source / file), file);
        const std::string differs = what_differs(*model, open_model(target)->checkpoint());
        QVERIFY2(differs.empty(), differs.c_str());
        for (const fs::path& own : {source, source / "transformer"})
            QVERIFY_THROWS_EXCEPTION(IoError, export_format("diffusers").write(*model, own, {}, progress));
        fs::remove_all(source / "text_encoder");
    }

    void shards_of_a_folder_are_found_through_the_index() {
        const auto model = fitted(dit_golden("diffusers_shared"), every_site_recipe());
        ExportOptions small;
        small.shard_bytes = 60'000;
        const fs::path target = new_place(export_format("diffusers"));
        Progress progress;
        export_format("diffusers").write(*model, target, small, progress);
        QVERIFY(fs::exists(target / "diffusion_pytorch_model.safetensors.index.json"));
        const auto again = open_model(target);
        QVERIFY(again->checkpoint().files().size() >= 3);
        for (const Site& site : again->sites()) {
            auto expected = all_rows(*model, *model->model().find_site(site.name));
            for (float& value : expected)
                value = rounded_to(value, DType::F16);
            QCOMPARE(all_rows(OriginalWeights(again), site), expected);
        }
    }

    void formats_that_do_not_fit_say_why_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("format");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const fs::path& path, const char* format, const char* words) {
            QTest::newRow(name) << QString::fromStdString(path.string()) << format << words;
        };
        const fs::path llms = fs::path(QUANTSCOPE_GOLDENS) / "model";
        row("hf for a DiT", dit_golden("original_sigma"), "hf", "choose safetensors or pt");
        row("hf for a diffusers DiT", dit_golden("diffusers_sigma"), "hf", "diffusers");
        row("hf for a VAE", fs::path(QUANTSCOPE_GOLDENS) / "autoencoder" / "deep", "hf", "part of an image generator");
        row("diffusers for a DiT of the original", dit_golden("original_sigma"), "diffusers", "_class_name");
        row("diffusers for a language model", llms / "llama_grouped_wide", "diffusers", "choose hf");
        row("safetensors for GGUF", llms / "qwen2_wide.gguf", "safetensors", "names and a row order of its own");
        row("pt for GGUF", llms / "qwen2_wide.gguf", "pt", "choose hf or packed");
        row("packed for a DiT", dit_golden("original_sigma"), "packed", "");
        row("pt for a language model", llms / "llama_grouped_wide", "pt", "");
    }
    void formats_that_do_not_fit_say_why() {
        QFETCH(QString, path);
        QFETCH(QString, format);
        QFETCH(QString, words);
        const auto model = open_model(path.toStdString());
        const std::string reason = format_of(format).why_not(*model);
        QVERIFY2(words.isEmpty() ? reason.empty() : reason.find(words.toStdString()) != std::string::npos,
                 reason.c_str());
        if (words.isEmpty()) return;
        QVERIFY(reason.ends_with(".") && reason.find('\n') == std::string::npos);
        Progress progress;
        const FittedModel unchanged(model, json(), {});
        QVERIFY_THROWS_EXCEPTION(FormatError,
                                 format_of(format).write(unchanged, new_place(format_of(format)), {}, progress));
    }

    void a_type_that_torch_lacks_is_told_before_the_work() {
        const std::vector<std::byte> sixes(24);
        const fs::path source = root_ / "six.safetensors";
        std::vector<TensorToWrite> tensors;
        tensors.push_back(random_tensor("a.linear.weight", {4, 4}, 1));
        tensors.push_back(tensor_of_bytes("six", DType::F6_E2M3, {32}, sixes));
        Progress progress;
        write_safetensors(source, std::move(tensors), {}, progress);
        const auto model = open_model(source);
        QVERIFY(export_format("safetensors").why_not(*model).empty());
        QVERIFY(export_format("pt").why_not(*model).find("choose safetensors") != std::string::npos);
    }

    void the_file_of_the_model_itself_is_refused() {
        const fs::path source = root_ / "own.safetensors";
        fs::copy_file(dit_golden("original_sigma"), source);
        const auto model = fitted(source, uniform_recipe());
        const std::string before = content_of(source);
        Progress progress;
        for (const char* format : {"safetensors", "pt"})
            QVERIFY_THROWS_EXCEPTION(IoError, export_format(format).write(*model, source, {}, progress));
        QCOMPARE(content_of(source), before);
    }

    void a_config_that_lies_beside_the_target_is_left_alone() {
        const auto model = fitted(dit_golden("original_sigma"), uniform_recipe());
        const fs::path target = new_place(export_format("pt"));
        std::ofstream(target.parent_path() / "config.json") << "{\"mine\": 1}";
        Progress progress;
        const auto written = export_format("pt").write(*model, target, {}, progress);
        QCOMPARE(content_of(target.parent_path() / "config.json"), std::string("{\"mine\": 1}"));
        QVERIFY(written.remarks.back().find("config.json") != std::string::npos);
        QCOMPARE(written.files, std::vector<fs::path>{target});
        fs::remove(target.parent_path() / "config.json"); // and of its own, nothing is said
        for (int again = 0; again < 2; ++again)
            for (const std::string& remark : export_format("pt").write(*model, target, {}, progress).remarks)
                QVERIFY2(remark.find("config.json") == std::string::npos, remark.c_str());
    }
};

QTEST_APPLESS_MAIN(TestOriginalLayout)
#include "tst_original_layout.moc"
