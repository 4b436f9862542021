// Decoded images against those of diffusers' AutoencoderKL, for tiny random decoders of several shapes (see
// goldens/autoencoder/generate_autoencoders.py), and what is said of decoders that do not fit together.
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/base/errors.h"
#include "core/model/autoencoder.h"

using namespace quantscope;
namespace fs = std::filesystem;

namespace {

const fs::path goldens = fs::path(QUANTSCOPE_GOLDENS) / "autoencoder";

ImageBatch batch_of(const Checkpoint& file, const std::string& name) {
    const auto& tensor = file.at(name);
    return {tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3], file.read(tensor)};
}

fs::path model_path(const std::string& name) {
    const auto folder = goldens / name;
    return fs::exists(folder / "config.json") ? folder : folder / "vae.safetensors";
}

Autoencoder open(const fs::path& path, const std::string& device = "cpu", ComputeType type = ComputeType::automatic) {
    ComputeOptions options;
    options.device = device;
    options.type = type;
    return Autoencoder(std::make_shared<OriginalWeights>(Model::open(path)), options);
}

ImageBatch decode(Autoencoder model, const ImageBatch& latents) {
    Progress progress;
    return model.decode(latents, progress);
}

/// The largest absolute difference as a share of the expected values' range.
double difference(const ImageBatch& found, const ImageBatch& expected) {
    if (found.count != expected.count || found.channels != expected.channels || found.height != expected.height ||
        found.width != expected.width || found.values.size() != expected.values.size())
        return INFINITY;
    const auto [low, high] = std::minmax_element(expected.values.begin(), expected.values.end());
    double largest = 0;
    for (std::size_t i = 0; i < found.values.size(); ++i) {
        const double off = std::abs(double(found.values[i]) - expected.values[i]);
        largest = std::max(largest, std::isnan(off) ? INFINITY : off);
    }
    return largest / (double(*high) - *low);
}

double difference_to_diffusers(const std::string& name, const fs::path& path, const std::string& device = "cpu",
                               ComputeType type = ComputeType::automatic) {
    const auto file = Checkpoint::open(goldens / "expected" / (name + ".safetensors"));
    return difference(decode(open(path, device, type), batch_of(*file, "latents")), batch_of(*file, "images"));
}

/// A folder with a golden model's weights and its configuration changed: a null leaves a key out.
class ChangedModel {
public:
    ChangedModel(const std::string& name, const nlohmann::json& changes) {
        const auto file = goldens / name / "diffusion_pytorch_model.safetensors";
        fs::copy_file(file, path() / file.filename());
        std::ifstream in(goldens / name / "config.json");
        auto config = nlohmann::json::parse(in);
        for (const auto& [key, value] : changes.items()) {
            config[key] = value;
            if (value.is_null()) config.erase(key);
        }
        std::ofstream(path() / "config.json") << config;
    }
    fs::path path() const { return folder_.path().toStdString(); }

private:
    QTemporaryDir folder_;
};

template <typename Failure>
std::string error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Failure& error) {
        return error.what();
    }
    return "no such error";
}

} // namespace

class TestAutoencoder : public QObject {
    Q_OBJECT

    static void add_models() {
        QTest::addColumn<QString>("name");
        for (const auto& entry : fs::directory_iterator(goldens / "expected"))
            QTest::newRow(entry.path().stem().c_str()) << QString::fromStdString(entry.path().stem());
    }

private Q_SLOTS:
    void images_equal_those_of_diffusers_data() { add_models(); }
    void images_equal_those_of_diffusers() {
        QFETCH(QString, name);
        const double found = difference_to_diffusers(name.toStdString(), model_path(name.toStdString()));
        qInfo("largest difference %.2g of the range", found);
        QVERIFY(found <= 1e-5);
    }

    void bfloat16_is_near_data() { add_models(); }
    void bfloat16_is_near() {
        QFETCH(QString, name);
        const double found =
            difference_to_diffusers(name.toStdString(), model_path(name.toStdString()), "cpu", ComputeType::bfloat16);
        qInfo("largest difference %.2g of the range", found);
        QVERIFY(found > 1e-5 && found <= 0.04);
    }

    void the_device_from_the_environment_agrees_data() { add_models(); }
    void the_device_from_the_environment_agrees() {
        const auto device = qEnvironmentVariable("QUANTSCOPE_TEST_DEVICE").toStdString();
        if (device.empty() || device == "cpu")
            QSKIP("QUANTSCOPE_TEST_DEVICE names no CUDA device, so nothing is tested there");
        QFETCH(QString, name);
        const auto path = model_path(name.toStdString());
        QVERIFY(difference_to_diffusers(name.toStdString(), path, device) <= 1e-5);
        QVERIFY(difference_to_diffusers(name.toStdString(), path, device, ComputeType::bfloat16) <= 0.04);
    }

    void what_the_configuration_leaves_out_the_shapes_tell() {
        for (const std::string name : {"post_quant", "deep", "plain_middle"}) {
            const ChangedModel changed(name, {{"block_out_channels", nullptr},
                                              {"layers_per_block", nullptr},
                                              {"latent_channels", nullptr},
                                              {"out_channels", nullptr},
                                              {"use_post_quant_conv", nullptr},
                                              {"mid_block_add_attention", nullptr},
                                              {"up_block_types", nullptr}});
            QVERIFY(difference_to_diffusers(name, changed.path()) <= 1e-5);
        }
    }

    void facts_that_shapes_do_not_tell_come_from_the_configuration_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<double>("value");
        QTest::newRow("groups") << "norm_num_groups" << 2.0;
        QTest::newRow("scaling factor") << "scaling_factor" << 1.3;
        QTest::newRow("shift factor") << "shift_factor" << 0.0;
    }
    void facts_that_shapes_do_not_tell_come_from_the_configuration() {
        QFETCH(QString, key);
        QFETCH(double, value);
        const auto entry = value == 2 ? nlohmann::json(2) : nlohmann::json(value);
        const ChangedModel changed("deep", {{key.toStdString(), entry}});
        QVERIFY(difference_to_diffusers("deep", changed.path()) > 1e-3);
    }

    void facts_are_told() {
        const auto model = Model::open(model_path("deep"));
        QCOMPARE(model->kind(), std::string("vae"));
        QVERIFY(model->why_not_evaluated().empty());
        const auto& facts = *model->autoencoder();
        QCOMPARE(facts.latent_channels, 16);
        QCOMPARE(facts.channels, (std::vector<std::int64_t>{16, 12, 8}));
        QCOMPARE(facts.resnets, 3);
        QCOMPARE(facts.scale(), 4);
        QCOMPARE(facts.shift_factor, 0.0609);
        QVERIFY(!facts.post_quant_conv && facts.attention);
        const auto* site = model->site_of("decoder.up_blocks.1.resnets.0.conv1");
        QVERIFY(site && site->role == role::convolution && site->block == 1);
        QCOMPARE(site->out, 12);
        QCOMPARE(site->in, 16 * 9);
    }

    void an_image_does_not_depend_on_its_batch() {
        const auto file = Checkpoint::open(goldens / "expected" / "post_quant.safetensors");
        const auto both = batch_of(*file, "latents");
        auto second = both;
        second.count = 1;
        second.values.erase(second.values.begin(), second.values.begin() + long(both.values.size() / 2));
        const auto images = decode(open(model_path("post_quant")), both);
        const auto alone = decode(open(model_path("post_quant")), second);
        QVERIFY(std::equal(alone.values.begin(), alone.values.end(),
                           images.values.begin() + long(images.values.size() / 2)));
    }

    void tensors_that_contradict_the_configuration_are_named() {
        const ChangedModel wider("post_quant", {{"block_out_channels", {8, 32}}});
        const auto shape = error_of<ShapeError>([&] { Model::open(wider.path()); });
        QVERIFY2(shape.find("decoder.conv_in.weight") != shape.npos && shape.find(wider.path()) != shape.npos &&
                     shape.find("[16, 4, 3, 3]") != shape.npos && shape.find("[32, 4, 3, 3]") != shape.npos,
                 shape.c_str());
        const ChangedModel groups("post_quant", {{"norm_num_groups", 5}});
        const auto format = error_of<FormatError>([&] { Model::open(groups.path()); });
        QVERIFY2(format.find("norm_num_groups") != format.npos && format.find("config.json") != format.npos,
                 format.c_str());
        const ChangedModel zero("post_quant", {{"scaling_factor", 0}});
        QVERIFY_THROWS_EXCEPTION(FormatError, Model::open(zero.path()));
    }

    void what_cannot_be_decoded_opens_and_says_why_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("words");
        QTest::newRow("missing tensor") << "layers_per_block"
                                        << "2"
                                        << "decoder.up_blocks.0.resnets.2.norm1.weight";
        QTest::newRow("activation") << "act_fn"
                                    << "\"mish\""
                                    << "mish";
        QTest::newRow("blocks") << "up_block_types"
                                << "[\"AttnUpDecoderBlock2D\"]"
                                << "AttnUpDecoderBlock2D";
        QTest::newRow("channel norms") << "latents_mean"
                                       << "[0, 0, 0, 0]"
                                       << "latents_mean";
    }
    void what_cannot_be_decoded_opens_and_says_why() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        QFETCH(QString, words);
        const ChangedModel changed("post_quant", {{key.toStdString(), nlohmann::json::parse(value.toStdString())}});
        const auto model = Model::open(changed.path());
        QVERIFY2(model->why_not_evaluated().find(words.toStdString()) != std::string::npos,
                 model->why_not_evaluated().c_str());
        QVERIFY(!model->autoencoder());
        const auto error = error_of<DataError>([&] { open(changed.path()); });
        QVERIFY2(error.find(words.toStdString()) != error.npos, error.c_str());
    }

    void a_single_file_whose_scale_nothing_tells_says_so() {
        const QTemporaryDir folder;
        const auto file = fs::path(folder.path().toStdString()) / "vae.safetensors";
        fs::copy_file(goldens / "deep" / "diffusion_pytorch_model.safetensors", file);
        const auto why = Model::open(file)->why_not_evaluated();
        QVERIFY2(why.find("16 latent channels") != why.npos && why.find("config.json") != why.npos, why.c_str());
    }

    void latents_of_another_model_are_refused() {
        Progress progress;
        auto model = open(model_path("post_quant"));
        QVERIFY_THROWS_EXCEPTION(ShapeError, model.decode({1, 16, 2, 2, std::vector<float>(64)}, progress));
        QVERIFY_THROWS_EXCEPTION(ShapeError, model.decode({1, 4, 2, 2, std::vector<float>(15)}, progress));
        QVERIFY_THROWS_EXCEPTION(ShapeError, model.decode({1, 4, 0, 2, {}}, progress));
        const auto too_large = std::int64_t(1) << 20;
        QVERIFY_THROWS_EXCEPTION(IoError, model.decode({0, 4, too_large, too_large, {}}, progress));
        QCOMPARE(model.decode({0, 4, 2, 2, {}}, progress).values.size(), std::size_t(0));
    }

    void cancelling_stops_between_layers() {
        auto model = open(model_path("post_quant"));
        Progress progress;
        progress.cancel();
        QVERIFY_THROWS_EXCEPTION(Cancelled, model.decode({1, 4, 2, 2, std::vector<float>(16)}, progress));
    }
};

QTEST_APPLESS_MAIN(TestAutoencoder)
#include "tst_autoencoder.moc"
