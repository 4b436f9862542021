// The layers as Qt's item views see them: structure, sorting with unknown values, the filter line, and the tree's
// selection driven by keyboard.
#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>
#include <QTreeView>

#include "widgets/layers/layer_tree.h"

using namespace quantscope;
using namespace quantscope::widgets;

namespace {

/// An embedding, two blocks of three layers, a head: names, roles and sizes that differ.
std::vector<studio::LayerRow> rows() {
    std::vector<studio::LayerRow> made;
    const auto add = [&](std::string name, const char* role, int block, std::uint64_t parameters) {
        studio::LayerRow row;
        row.name = std::move(name);
        row.role = role;
        row.block = block;
        row.parameters = parameters;
        row.in_default = block >= 0;
        made.push_back(row);
    };
    add("model.embed_tokens", "embedding", -1, 5000);
    for (int block = 0; block < 2; ++block) {
        const std::string stem = "model.layers." + std::to_string(block);
        add(stem + ".self_attn.q_proj", "q", block, 100 + block);
        add(stem + ".mlp.up_proj", "up", block, 300 + block);
        add(stem + ".mlp.down_proj", "down", block, 200 + block);
    }
    add("lm_head", "head", -1, 6000);
    return made;
}

studio::LayerMeasures measures(double outliers, double bits, double error) {
    studio::LayerMeasures made;
    made.outlier_score = outliers;
    made.bits = bits;
    made.error = error;
    made.size = 100;
    made.scheme = "uniform W4";
    return made;
}

QStringList shown(const QAbstractItemModel& model, const QModelIndex& parent = {}) {
    QStringList names;
    for (int row = 0; row < model.rowCount(parent); ++row) {
        const QModelIndex index = model.index(row, 0, parent);
        names << index.data().toString();
        names << shown(model, index);
    }
    return names;
}

} // namespace

class TestLayerModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void blocks_hold_their_layers_in_the_files_order();
    void a_model_tester_finds_nothing_while_measures_arrive();
    void an_unknown_measure_leaves_what_is_known();
    void changes_are_told_together();
    void a_block_sums_up_its_layers();
    void unknown_values_sort_last_in_both_directions();
    void filter_words_must_all_hold_data();
    void filter_words_must_all_hold();
    void a_word_that_is_not_understood_says_so();
    void a_selected_block_stands_for_its_layers();
    void arrows_move_through_the_tree();
    void selecting_a_hidden_layer_shows_it();
    void filtering_keeps_the_selection();
    void a_layer_hidden_by_the_filter_stays_the_one_that_is_edited();
    void a_layer_that_an_edit_drops_from_the_filter_stays_selected();
    void clearing_the_filter_opens_the_blocks_that_were_open();
};

void TestLayerModel::blocks_hold_their_layers_in_the_files_order() {
    LayerModel model;
    model.setLayers(rows());
    QCOMPARE(shown(model), QStringList({"embed_tokens", "block 0", "q_proj", "up_proj", "down_proj", "block 1",
                                        "q_proj", "up_proj", "down_proj", "lm_head"}));
    model.setGrouped(false);
    QCOMPARE(model.rowCount(), 8);
    QCOMPARE(model.index(6, 0).data(LayerModel::layer_role).toString(), QStringLiteral("model.layers.1.mlp.down_proj"));
}

void TestLayerModel::a_model_tester_finds_nothing_while_measures_arrive() {
    LayerModel model;
    LayerFilterProxy proxy;
    proxy.setSourceModel(&model);
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const QAbstractItemModelTester proxy_tester(&proxy, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setLayers(rows());
    proxy.sort(LayerModel::error_column);
    for (int i = 0; i < 8; ++i) {
        model.setMeasures(model.layerNames()[i], measures(i, 4, 0.1 * i));
        QTest::qWait(5);
    }
    proxy.setFilter(LayerFilter::parse(QStringLiteral("role:down")));
    model.setGrouped(false);
    proxy.setFilter({});
    model.setColourMeasure(QStringLiteral("kurtosis"));
    model.setLayers({});
    QCOMPARE(proxy.rowCount(), 0);
}

void TestLayerModel::an_unknown_measure_leaves_what_is_known() {
    LayerModel model;
    model.setLayers(rows());
    const QString name = QStringLiteral("model.layers.0.mlp.up_proj");
    model.setMeasures(name, measures(7, 4, 0.25));
    studio::LayerMeasures later;
    later.kurtosis = 5;
    model.setMeasures(name, later);
    QCOMPARE(model.measures(name).outlier_score, 7.0);
    QCOMPARE(model.measures(name).kurtosis, 5.0);
    QCOMPARE(model.measures(name).error, 0.25);
}

void TestLayerModel::changes_are_told_together() {
    LayerModel model;
    model.setLayers(rows());
    QTest::qWait(60);
    QSignalSpy told(&model, &QAbstractItemModel::dataChanged);
    for (int round = 0; round < 200; ++round)
        for (const QString& name : model.layerNames())
            model.setMeasures(name, measures(3, 4, 0.1));
    QTRY_VERIFY(!told.isEmpty());
    QVERIFY2(told.count() <= 12, "1600 changes are to reach the view as a few");
}

void TestLayerModel::a_block_sums_up_its_layers() {
    LayerModel model;
    model.setLayers(rows());
    model.setMeasures(QStringLiteral("model.layers.0.self_attn.q_proj"), measures(2, 4, 0.1));
    model.setMeasures(QStringLiteral("model.layers.0.mlp.up_proj"), measures(9, 8, 0.1));
    model.setMeasures(QStringLiteral("model.layers.0.mlp.down_proj"), measures(5, 4, 0.1));
    const QModelIndex block = model.index(1, LayerModel::bits_column);
    QCOMPARE(block.data(LayerModel::sort_role).toDouble(), (100 * 4 + 300 * 8 + 200 * 4) / 600.0);   // by weights
    QCOMPARE(model.index(1, LayerModel::colour_column).data(LayerModel::sort_role).toDouble(), 9.0); // the worst
    QCOMPARE(model.index(1, LayerModel::size_column).data(LayerModel::sort_role).toDouble(), 300.0);
}

void TestLayerModel::unknown_values_sort_last_in_both_directions() {
    LayerModel model;
    model.setLayers(rows());
    model.setGrouped(false);
    LayerFilterProxy proxy;
    proxy.setSourceModel(&model);
    model.setMeasures(QStringLiteral("lm_head"), measures(1, 4, 0.5));
    model.setMeasures(QStringLiteral("model.embed_tokens"), measures(1, 4, 0.2));
    for (const Qt::SortOrder order : {Qt::AscendingOrder, Qt::DescendingOrder}) {
        proxy.sort(LayerModel::error_column, order);
        const bool rising = order == Qt::AscendingOrder;
        QCOMPARE(proxy.index(0, 0).data(LayerModel::layer_role).toString(),
                 rising ? QStringLiteral("model.embed_tokens") : QStringLiteral("lm_head"));
        QCOMPARE(proxy.index(1, 0).data(LayerModel::layer_role).toString(),
                 rising ? QStringLiteral("lm_head") : QStringLiteral("model.embed_tokens"));
    }
}

void TestLayerModel::filter_words_must_all_hold_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("found");
    QTest::newRow("nothing asked") << "" << 8;
    QTest::newRow("a part of the name, any case") << "MLP" << 4;
    QTest::newRow("a role") << "role:down" << 2;
    QTest::newRow("two roles") << "role:q,up" << 4;
    QTest::newRow("a block") << "block:1" << 3;
    QTest::newRow("blocks from one on") << "block:0-" << 6;
    QTest::newRow("words together") << "mlp block:0 role:up" << 1;
    QTest::newRow("a measure") << "outliers>4" << 3;
    QTest::newRow("error in percent") << "error<=20%" << 3;
    QTest::newRow("a role that is nowhere") << "role:router" << 0;
    QTest::newRow("a key being typed") << "role:" << 8;
}

void TestLayerModel::filter_words_must_all_hold() {
    QFETCH(QString, text);
    QFETCH(int, found);
    const LayerFilter filter = LayerFilter::parse(text);
    QCOMPARE(filter.problem(), QString());
    int count = 0, place = 0;
    for (const auto& row : rows())
        count += filter.matches(row, measures(place, 4, 0.1 * place)), ++place;
    QCOMPARE(count, found);
}

void TestLayerModel::a_word_that_is_not_understood_says_so() {
    for (const char* text : {"bits<", "weather>3", "outliers<<3", "colour:red"})
        QVERIFY2(!LayerFilter::parse(QLatin1String(text)).problem().isEmpty(), text);
}

void TestLayerModel::a_selected_block_stands_for_its_layers() {
    LayerTree tree;
    tree.setLayers(rows());
    QSignalSpy selected(&tree, &LayerTree::selectionChanged);
    auto* view = tree.findChild<QTreeView*>(QStringLiteral("layerView"));
    view->setCurrentIndex(view->model()->index(2, 0));
    QCOMPARE(selected.count(), 1);
    QCOMPARE(tree.selected(), QStringList({"model.layers.1.self_attn.q_proj", "model.layers.1.mlp.up_proj",
                                           "model.layers.1.mlp.down_proj"}));
    tree.selectRole(QStringLiteral("down"));
    QCOMPARE(tree.selected(), QStringList({"model.layers.0.mlp.down_proj", "model.layers.1.mlp.down_proj"}));
    QCOMPARE(selected.count(), 2);
}

void TestLayerModel::arrows_move_through_the_tree() {
    LayerTree tree;
    tree.setLayers(rows());
    tree.show();
    tree.focusFilter();
    auto* filter = tree.findChild<QLineEdit*>(QStringLiteral("layerFilter"));
    auto* view = tree.findChild<QTreeView*>(QStringLiteral("layerView"));
    QTest::keyClicks(filter, QStringLiteral("up_proj"));
    QTest::keyClick(filter, Qt::Key_Return);
    QCOMPARE(tree.current(), QStringLiteral("model.layers.0.mlp.up_proj"));
    QTest::keyClick(view, Qt::Key_Down);
    QTest::keyClick(view, Qt::Key_Down);
    QCOMPARE(tree.current(), QStringLiteral("model.layers.1.mlp.up_proj"));
    QTest::keyClick(filter, Qt::Key_Escape);
    QCOMPARE(tree.filterText(), QString());
}

void TestLayerModel::selecting_a_hidden_layer_shows_it() {
    LayerTree tree;
    tree.setLayers(rows());
    tree.setFilterText(QStringLiteral("role:q"));
    tree.select({QStringLiteral("lm_head")});
    QCOMPARE(tree.current(), QStringLiteral("lm_head"));
    QCOMPARE(tree.filterText(), QString());
}

void TestLayerModel::filtering_keeps_the_selection() {
    LayerTree tree;
    tree.setLayers(rows());
    const QStringList both{QStringLiteral("model.layers.0.self_attn.q_proj"),
                           QStringLiteral("model.layers.1.mlp.down_proj")};
    tree.select(both);
    QSignalSpy told(&tree, &LayerTree::selectionChanged);
    tree.setFilterText(QStringLiteral("role:down"));
    QCOMPARE(tree.selected(), QStringList{both[1]});
    QCOMPARE(told.last()[0].toStringList(), QStringList{both[1]});
    tree.setFilterText(QStringLiteral("role:down block:1"));
    QCOMPARE(tree.selected(), QStringList{both[1]});
    tree.setFilterText({});
    QCOMPARE(tree.selected(), both);
    for (const QList<QVariant>& one : std::as_const(told))
        QVERIFY2(!one[0].toStringList().isEmpty(), "nothing selected means that the recipe's default is edited");
}

void TestLayerModel::a_layer_hidden_by_the_filter_stays_the_one_that_is_edited() {
    LayerTree tree;
    tree.setLayers(rows());
    tree.show();
    tree.select({QStringLiteral("model.layers.1.mlp.down_proj")});
    QSignalSpy told(&tree, &LayerTree::selectionChanged);
    tree.setFilterText(QStringLiteral("role:q"));
    QCOMPARE(tree.selected(), QStringList{"model.layers.1.mlp.down_proj"});
    QCOMPARE(tree.current(), QStringLiteral("model.layers.1.mlp.down_proj"));
    QCOMPARE(told.count(), 0);
    QVERIFY(tree.findChild<QLabel*>(QStringLiteral("layerFilterRemark"))->text().contains(QLatin1String("selected")));
    auto* view = tree.findChild<QTreeView*>(QStringLiteral("layerView"));
    view->setCurrentIndex(view->model()->index(0, 0, view->model()->index(0, 0))); // a choice among what is seen
    QCOMPARE(tree.selected(), QStringList{"model.layers.0.self_attn.q_proj"});
    tree.setFilterText({});
    QCOMPARE(tree.selected(), QStringList{"model.layers.0.self_attn.q_proj"});
}

void TestLayerModel::a_layer_that_an_edit_drops_from_the_filter_stays_selected() {
    LayerTree tree;
    tree.setLayers(rows());
    const QString layer = QStringLiteral("model.layers.1.mlp.down_proj");
    for (const QString& name : tree.model().layerNames())
        tree.setMeasures(name, measures(1, 4, 0.1));
    tree.setFilterText(QStringLiteral("bits<5"));
    tree.select({layer});
    QSignalSpy told(&tree, &LayerTree::selectionChanged);
    tree.setMeasures(layer, measures(1, 8, 0.1)); // the person has just set it to 8 bits
    auto* view = tree.findChild<QTreeView*>(QStringLiteral("layerView"));
    QTRY_COMPARE(view->model()->rowCount(view->model()->index(2, 0)), 2);
    QTest::qWait(20);
    QCOMPARE(tree.selected(), QStringList{layer});
    QCOMPARE(tree.current(), layer);
    tree.setMeasures(layer, measures(1, 4, 0.1)); // undone: it comes back, still selected
    QTRY_COMPARE(view->model()->rowCount(view->model()->index(2, 0)), 3);
    QTRY_COMPARE(view->selectionModel()->selectedRows().size(), 1);
    QCOMPARE(told.count(), 0);
}

void TestLayerModel::clearing_the_filter_opens_the_blocks_that_were_open() {
    LayerTree tree;
    tree.setLayers(rows());
    auto* view = tree.findChild<QTreeView*>(QStringLiteral("layerView"));
    const auto open = [view] {
        QList<bool> state;
        for (int row = 0; row < view->model()->rowCount(); ++row)
            state << view->isExpanded(view->model()->index(row, 0));
        return state;
    };
    view->collapseAll();
    view->expand(view->model()->index(2, 0));
    const QList<bool> before = open();
    QVERIFY(before.contains(true) && before.contains(false));
    tree.setFilterText(QStringLiteral("role:q"));
    QVERIFY(view->isExpanded(view->model()->index(0, 0))); // what was found is seen
    tree.setFilterText({});
    QCOMPARE(open(), before);
}

QTEST_MAIN(TestLayerModel)
#include "tst_layer_model.moc"
