// Image models that are not evaluated: every layer is found under its role and block, in each family's own names.
// Expected roles are written down from FORMATS' table of names.
#include <QtTest>
#include <fnmatch.h>

#include "core/base/errors.h"
#include "core/export/kept_tensor.h"
#include "image_models.h"

using namespace quantscope;
using namespace quantscope::testing;

namespace {

struct Expected {
    const char* pattern; ///< of the site's name; the block's number is N
    std::string_view role;
};

const std::map<std::string, std::vector<Expected>> expected_roles{
    {"flux_original",
     {{"img_in", role::x_embedder},
      {"txt_in", role::y_embedder},
      {"vector_in.*", role::y_embedder},
      {"time_in.*", role::t_embedder},
      {"guidance_in.*", role::t_embedder},
      {"double_blocks.N.*_mod.lin", role::ada_ln},
      {"double_blocks.N.*_attn.qkv", role::qkv},
      {"double_blocks.N.*_attn.proj", role::proj},
      {"double_blocks.N.*_mlp.0", role::fc1},
      {"double_blocks.N.*_mlp.2", role::fc2},
      {"single_blocks.N.modulation.lin", role::ada_ln},
      {"single_blocks.N.linear1", role::qkv},
      {"single_blocks.N.linear2", role::proj},
      {"final_layer.*", role::final_layer}}},
    {"flux_diffusers",
     {{"x_embedder", role::x_embedder},
      {"context_embedder", role::y_embedder},
      {"time_text_embed.text_embedder.*", role::y_embedder},
      {"time_text_embed.*", role::t_embedder},
      {"transformer_blocks.N.norm1*.linear", role::ada_ln},
      {"*transformer_blocks.N.attn.to_q", role::q},
      {"*transformer_blocks.N.attn.to_k", role::k},
      {"*transformer_blocks.N.attn.to_v", role::v},
      {"transformer_blocks.N.attn.add_q_proj", role::q},
      {"transformer_blocks.N.attn.add_k_proj", role::k},
      {"transformer_blocks.N.attn.add_v_proj", role::v},
      {"transformer_blocks.N.attn.to*out*", role::proj},
      {"transformer_blocks.N.ff*.net.0.proj", role::fc1},
      {"transformer_blocks.N.ff*.net.2", role::fc2},
      {"single_transformer_blocks.N.norm.linear", role::ada_ln},
      {"single_transformer_blocks.N.proj_mlp", role::fc1},
      {"single_transformer_blocks.N.proj_out", role::proj},
      {"norm_out.linear", role::final_layer},
      {"proj_out", role::final_layer}}},
    {"pixart",
     {{"pos_embed.proj", role::x_embedder},
      {"adaln_single.emb.*", role::t_embedder},
      {"adaln_single.linear", role::ada_ln},
      {"caption_projection.*", role::y_embedder},
      {"transformer_blocks.N.attn[12].to_q", role::q},
      {"transformer_blocks.N.attn[12].to_k", role::k},
      {"transformer_blocks.N.attn[12].to_v", role::v},
      {"transformer_blocks.N.attn[12].to_out.0", role::proj},
      {"transformer_blocks.N.ff.net.0.proj", role::fc1},
      {"transformer_blocks.N.ff.net.2", role::fc2},
      {"transformer_blocks.N.scale_shift_table", role::other},
      {"scale_shift_table", role::other},
      {"proj_out", role::final_layer}}},
    {"sd3",
     {{"pos_embed.proj", role::x_embedder},
      {"context_embedder", role::y_embedder},
      {"time_text_embed.text_embedder.*", role::y_embedder},
      {"time_text_embed.*", role::t_embedder},
      {"transformer_blocks.N.norm1*.linear", role::ada_ln},
      {"transformer_blocks.N.attn.*to_q", role::q},
      {"transformer_blocks.N.attn.*to_k", role::k},
      {"transformer_blocks.N.attn.*to_v", role::v},
      {"transformer_blocks.N.attn.add_q_proj", role::q},
      {"transformer_blocks.N.attn.add_k_proj", role::k},
      {"transformer_blocks.N.attn.add_v_proj", role::v},
      {"transformer_blocks.N.attn.to*out*", role::proj},
      {"transformer_blocks.N.ff*.net.0.proj", role::fc1},
      {"transformer_blocks.N.ff*.net.2", role::fc2},
      {"norm_out.linear", role::final_layer},
      {"proj_out", role::final_layer}}},
};

/// The name with its block's number replaced by N, and that number.
std::pair<std::string, int> without_block(const std::string& name) {
    for (std::size_t at = name.find("blocks."); at != name.npos;) {
        const std::size_t begin = at + 7, end = name.find('.', begin);
        return {name.substr(0, begin) + "N" + name.substr(end), std::stoi(name.substr(begin, end - begin))};
    }
    return {name, -1};
}

void check_roles(const Model& model, const std::string& naming, const std::string& prefix = "") {
    const auto& rules = expected_roles.at(naming);
    std::vector<std::size_t> used(rules.size());
    for (const Site& site : model.sites()) {
        QVERIFY2(site.name.starts_with(prefix), site.name.c_str());
        const auto [name, block] = without_block(site.name.substr(prefix.size()));
        QVERIFY2(site.block == block, site.name.c_str());
        const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Expected& expected) {
            return fnmatch(expected.pattern, name.c_str(), 0) == 0;
        });
        QVERIFY2(rule != rules.end(), site.name.c_str());
        QVERIFY2(site.role == rule->role, (site.name + " is " + site.role).c_str());
        QCOMPARE(site.in_default, block >= 0 && site.role != role::other);
        ++used[static_cast<std::size_t>(rule - rules.begin())];
    }
    for (std::size_t i = 0; i < rules.size(); ++i)
        QVERIFY2(used[i] > 0, rules[i].pattern);
}

} // namespace

class TestFamilies : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void every_layer_has_its_role_and_block_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("family");
        QTest::newRow("flux_original") << "flux_original.safetensors"
                                       << "flux";
        QTest::newRow("flux_diffusers") << "flux_diffusers"
                                        << "flux";
        QTest::newRow("pixart") << "pixart"
                                << "pixart";
        QTest::newRow("sd3") << "sd3"
                             << "sd3";
    }
    void every_layer_has_its_role_and_block() {
        QFETCH(QString, path);
        QFETCH(QString, family);
        const auto model = open_model(family_goldens / path.toStdString());
        QCOMPARE(model->family(), family.toStdString());
        QCOMPARE(model->kind(), std::string("dit"));
        QVERIFY(model->why_not_evaluated().ends_with("."));
        QCOMPARE(model->blocks(), 2);
        std::size_t matrices = 0;
        for (const TensorInfo& tensor : model->checkpoint().tensors())
            matrices += tensor.shape.size() > 1;
        QCOMPARE(model->sites().size(), matrices);
        check_roles(*model, QTest::currentDataTag());
    }

    void flux_under_a_prefix_is_the_same_model_and_keeps_it() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const std::string prefix = "model.diffusion_model.";
        const auto plain = open_model(family_goldens / "flux_original.safetensors");
        std::vector<TensorToWrite> tensors;
        for (const TensorInfo& tensor : plain->checkpoint().tensors())
            tensors.push_back(kept_tensor(plain->checkpoint(), tensor, prefix + tensor.name, tensor.dtype));
        Progress progress;
        write_safetensors(root / "prefixed.safetensors", std::move(tensors), {}, progress);
        const auto model = fitted(root / "prefixed.safetensors", every_site_recipe());
        QCOMPARE(model->model().family(), std::string("flux"));
        QCOMPARE(model->model().sites().size(), plain->sites().size());
        check_roles(model->model(), "flux_original", prefix);
        for (const char* format : {"safetensors", "pt"}) {
            const fs::path target = root / (std::string("out") + export_format(format).extension);
            export_format(format).write(*model, target, {}, progress);
            const std::string differs = what_differs(*model, open_model(target)->checkpoint());
            QVERIFY2(differs.empty(), differs.c_str());
        }
    }

    void what_is_not_used_of_two_copies_leaves_as_it_came() {
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        const auto plain = open_model(dit_golden("original_sigma"));
        std::vector<TensorToWrite> tensors;
        for (const char* copy : {"ema.", "model."})
            for (const TensorInfo& tensor : plain->checkpoint().tensors())
                tensors.push_back(kept_tensor(plain->checkpoint(), tensor, copy + tensor.name, tensor.dtype));
        Progress progress;
        write_safetensors(root / "both.safetensors", std::move(tensors), {}, progress);
        const auto model = fitted(root / "both.safetensors", every_site_recipe());
        QCOMPARE(model->sites().size(), plain->sites().size());
        for (const auto& [name, site] : model->sites())
            QVERIFY2(name.starts_with("ema."), name.c_str());
        export_format("pt").write(*model, root / "both.pt", {}, progress);
        const std::string differs = what_differs(*model, open_model(root / "both.pt")->checkpoint());
        QVERIFY2(differs.empty(), differs.c_str());
    }

    void a_model_of_unknown_family_goes_out_in_its_own_names_data() {
        QTest::addColumn<QString>("format");
        for (const char* format : {"safetensors", "pt", "packed"})
            QTest::newRow(format) << format;
    }
    void a_model_of_unknown_family_goes_out_in_its_own_names() {
        QFETCH(QString, format);
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
        const auto model = fitted(root / "net.safetensors", every_site_recipe());
        QCOMPARE(model->model().family(), std::string("unknown"));
        QCOMPARE(model->sites().size(), std::size_t(2));
        const fs::path target = root / "out";
        export_format(format.toStdString()).write(*model, target, {}, progress);
        const auto again = open_model(target);
        if (format != "packed") {
            const std::string differs = what_differs(*model, again->checkpoint());
            QVERIFY2(differs.empty(), differs.c_str());
            return;
        }
        for (const Site& site : again->sites())
            QCOMPARE(all_rows(OriginalWeights(again), site), all_rows(*model, *model->model().find_site(site.name)));
    }
};

QTEST_APPLESS_MAIN(TestFamilies)
#include "tst_families.moc"
