// The Compare view, driven as a person does: what it shows of results, how it marks stale ones, and its two jobs.
#include <QAbstractItemView>
#include <QComboBox>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QTest>
#include <QToolTip>

#include "widgets/compare/compare_view.h"
#include "widgets/theme.h"

using namespace quantscope;
using namespace quantscope::widgets;
using nlohmann::json;

namespace {

const json coarse{{"quantscope_recipe", 1}, {"bits", 3}}, fine{{"quantscope_recipe", 1}, {"bits", 8}};

studio::CompareRow result(const json& recipe, double perplexity, std::uint64_t bytes) {
    studio::CompareRow row;
    row.name = recipe.is_null() ? "original" : "some recipe";
    row.recipe = recipe;
    row.perplexity = perplexity;
    row.nll = std::log(perplexity);
    row.nll_standard_error = recipe.is_null() ? 0 : 0.0187;
    row.kl_mean = recipe.is_null() ? 0 : 0.000345;
    row.kl_p99 = recipe.is_null() ? 0 : 0.5;
    row.top1_agreement = recipe.is_null() ? 1 : 0.562;
    row.bytes = bytes;
    row.bits_per_weight = 4.25;
    row.tokens = 4088;
    row.context = 512;
    row.seconds = 3.5;
    row.text = "evaluation.txt";
    row.text_sha256 = std::string(64, 'a');
    row.convention = "huggingface";
    return row;
}

/// Four tokens, of which the third diverges strongly and the last two do not agree.
studio::TextColumn column(const std::string& name, bool original) {
    studio::TextColumn made;
    made.name = name;
    made.generated = original ? " Paris." : " London.";
    const char* const words[] = {"The", " capital", " is", " Paris"};
    for (int i = 0; i < 4; ++i)
        made.tokens.push_back({words[i], i, original ? 0.0F : i == 2 ? 2.0F : 0.01F, 1.0F, original || i < 2});
    return made;
}

/// How strongly a token's middle differs from the plain background.
int colourfulness(TokenText& text, int token) {
    const QPointF corner = text.placeOf(token).topLeft() + QPointF(3, 2);
    return text.grab().toImage().pixelColor(corner.toPoint()).hslSaturation();
}

} // namespace

class TestCompareView : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void an_empty_view_says_what_will_appear();
    void rows_show_their_numbers_and_bars();
    void the_scroll_bar_has_room_of_its_own();
    void the_bars_are_as_long_as_the_numbers_say();
    void a_result_of_other_options_is_stale_until_they_return();
    void every_finished_run_is_a_point();
    void an_earlier_run_comes_back_by_a_click();
    void presets_are_added_once_and_can_be_removed();
    void only_ticked_models_are_asked_for();
    void compare_becomes_stop_while_it_works();
    void write_becomes_stop_while_it_works();
    void return_in_the_prompt_writes_and_shift_return_breaks_the_line();
    void the_prompt_is_as_wide_as_the_view();
    void chat_can_be_chosen_when_there_is_a_template();
    void text_streams_into_its_column();
    void tokens_are_coloured_by_divergence();
    void a_clicked_token_shows_both_distributions();
    void the_arrows_walk_through_all_columns_at_once();
    void a_model_that_cannot_be_evaluated_says_why();

private:
    template <typename W>
    W* find(const char* name) {
        return view_->findChild<W*>(QLatin1String(name));
    }
    QString cell(int row, int column) { return view_->model().index(row, column).data().toString(); }
    std::unique_ptr<CompareView> view_;
};

void TestCompareView::initTestCase() { ThemeNotifier::instance().apply(ThemeChoice::light); }

void TestCompareView::init() {
    view_ = std::make_unique<CompareView>();
    view_->setPresets({{"coarse", coarse}, {"fine", fine}});
    view_->setAvailable(true, {});
    view_->setHasChatTemplate(true);
    view_->setCurrentRecipe(QStringLiteral("present"), coarse);
    view_->resize(700, 700);
    view_->show();
    QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
}

void TestCompareView::an_empty_view_says_what_will_appear() {
    QVERIFY(find<QLabel>("textEmpty")->isVisible());
    QVERIFY(!find<QWidget>("divergenceLegend")->isVisible());
    QVERIFY(find<QualityPlot>("qualityPlot")->points().empty());
    QVERIFY(!find<QualityPlot>("qualityPlot")->empty_text().isEmpty());
    QCOMPARE(cell(0, CompareModel::perplexity_column), QStringLiteral("–"));
    QVERIFY(view_->results().empty());
}

void TestCompareView::rows_show_their_numbers_and_bars() {
    view_->setResult(result(nullptr, 45.18, 538'060'000));
    view_->setResult(result(coarse, 72.3456, 110'400'000));
    QCOMPARE(cell(0, CompareModel::name_column), QStringLiteral("original"));
    QCOMPARE(cell(1, CompareModel::name_column), QStringLiteral("present"));
    QCOMPARE(cell(1, CompareModel::size_column), QStringLiteral("110.4 MB"));
    QCOMPARE(cell(1, CompareModel::perplexity_column), QStringLiteral("72.35"));
    QCOMPARE(cell(1, CompareModel::kl_column), QStringLiteral("3.45e\u22124")); // not rounded to 0
    QCOMPARE(cell(1, CompareModel::top1_column), QStringLiteral("56.2 %"));
    // The paired difference, with no more digits than its standard error leaves sense in.
    QCOMPARE(cell(1, CompareModel::difference_column), QStringLiteral("+0.471 ± 0.019"));
    QCOMPARE(cell(0, CompareModel::difference_column), QStringLiteral("0"));
    const QString summary = [this] {
        QString all;
        for (const QLabel* label : view_->findChildren<QLabel*>())
            all += label->text();
        return all;
    }();
    for (const char* said : {"4088 tokens", "context 512", "Hugging Face convention", "no BOS"})
        QVERIFY2(summary.contains(QLatin1String(said)), said);
}

void TestCompareView::the_scroll_bar_has_room_of_its_own() {
    view_->setResult(result(nullptr, 45.18, 538'060'000));
    view_->setResult(result(coarse, 72.3456, 110'400'000));
    auto* table = find<QTableView>("compareTable");
    for (const int width : {1100, 430, 1100}) {
        view_->resize(width, 700);
        QTRY_COMPARE(table->horizontalScrollBar()->isVisible(), width == 430);
        const auto last_row = [&] { return table->visualRect(view_->model().index(1, 0)); };
        QTRY_VERIFY(last_row().bottom() < table->viewport()->height());
        QVERIFY(table->viewport()->height() - last_row().bottom() < 10); // and no more room than that
    }
}

void TestCompareView::the_bars_are_as_long_as_the_numbers_say() {
    view_->setResult(result(nullptr, 40, 400));
    view_->setResult(result(coarse, 80, 100));
    const auto bar = [this](int row, int column) {
        return view_->model().index(row, column).data(CompareModel::bar_role).toDouble();
    };
    QCOMPARE(bar(0, CompareModel::size_column), 1.0);
    QCOMPARE(bar(1, CompareModel::size_column), 0.25);
    QCOMPARE(bar(1, CompareModel::perplexity_column), 1.0);
    QVERIFY(bar(0, CompareModel::perplexity_column) > 0 && bar(0, CompareModel::perplexity_column) < 1);
    // And they are painted: the longest fills its cell with the selection's colour, seen at the cell's left edge.
    auto* table = find<QTableView>("compareTable");
    const QRect cell = table->visualRect(view_->model().index(0, CompareModel::size_column));
    const QImage picture = table->viewport()->grab().toImage();
    const auto near = [](const QColor& a, const QColor& b) {
        return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue()) < 12;
    };
    QVERIFY(near(picture.pixelColor(cell.left() + 6, cell.top() + 5), Theme::current().selection));
    const QRect other = table->visualRect(view_->model().index(1, CompareModel::size_column));
    QVERIFY(!near(picture.pixelColor(other.left() + 6, other.top() + 5), Theme::current().selection));
}

void TestCompareView::a_result_of_other_options_is_stale_until_they_return() {
    view_->setResult(result(nullptr, 45, 400));
    view_->setResult(result(coarse, 72, 100));
    QCOMPARE(view_->results().size(), std::size_t(2));
    find<QSpinBox>("compareContext")->setValue(256);
    QVERIFY(view_->results().empty());
    QVERIFY(find<QualityPlot>("qualityPlot")->points().empty());
    QVERIFY(view_->model().index(0, 0).data(Qt::ToolTipRole).toString().contains(QLatin1String("compare again")));
    find<QSpinBox>("compareContext")->setValue(512);
    QCOMPARE(view_->results().size(), std::size_t(2));
}

void TestCompareView::every_finished_run_is_a_point() {
    view_->setResult(result(nullptr, 45, 538'000'000));
    view_->setResult(result(coarse, 72, 60'000'000));
    view_->setCurrentRecipe(QStringLiteral("present"), fine);
    view_->setResult(result(fine, 46, 140'000'000));
    auto* plot = find<QualityPlot>("qualityPlot");
    QCOMPARE(plot->points().size(), std::size_t(3)); // the first recipe's point stays
    QCOMPARE(int(std::count_if(plot->points().begin(), plot->points().end(), [](auto& p) { return p.earlier; })), 1);
    const QRectF area = plot->axisRect()->rect();
    for (const auto& point : plot->points())
        QVERIFY(area.contains(plot->place(point)));
    // The points use the room there is: their spread is more than half of the plot's.
    const double spread = plot->place(plot->points()[0]).x() - plot->place(plot->points()[2]).x();
    QVERIFY2(spread > area.width() / 2, qPrintable(QString::number(spread / area.width())));
    // Back to the first recipe: what was measured is known again.
    view_->setCurrentRecipe(QStringLiteral("present"), coarse);
    QCOMPARE(view_->results().size(), std::size_t(2));
    QCOMPARE(view_->results()[1].perplexity, 72.0);
}

void TestCompareView::an_earlier_run_comes_back_by_a_click() {
    view_->setResult(result(nullptr, 45, 538'000'000));
    view_->setResult(result(coarse, 72, 60'000'000));
    view_->setCurrentRecipe(QStringLiteral("present"), fine);
    auto* plot = find<QualityPlot>("qualityPlot");
    QVERIFY(plot->points().back().earlier);
    QTest::mouseClick(plot, Qt::LeftButton, {}, plot->place(plot->points().back()).toPoint());
    QCOMPARE(view_->model().rowCount(), 3);
    QCOMPARE(view_->model().rows()[2].recipe, coarse);
    QCOMPARE(view_->results().size(), std::size_t(2)); // with its result
    QVERIFY(!plot->points().back().earlier);
}

void TestCompareView::presets_are_added_once_and_can_be_removed() {
    auto* menu = find<QPushButton>("compareAdd")->menu();
    menu->actions().last()->trigger();
    QCOMPARE(view_->model().rowCount(), 3);
    QCOMPARE(cell(2, CompareModel::name_column), QStringLiteral("fine"));
    menu->actions().last()->trigger();
    QCOMPARE(view_->model().rowCount(), 3);
    auto* remove = find<QPushButton>("compareRemove");
    auto* table = find<QTableView>("compareTable");
    table->selectRow(0);
    QVERIFY(!remove->isEnabled()); // the original stays
    table->selectRow(2);
    QVERIFY(remove->isEnabled());
    remove->click();
    QCOMPARE(view_->model().rowCount(), 2);
}

void TestCompareView::only_ticked_models_are_asked_for() {
    QCOMPARE(view_->checkedRecipes(), (std::vector<json>{nullptr, coarse}));
    const QModelIndex present = view_->model().index(1, CompareModel::name_column);
    view_->model().setData(present, Qt::Unchecked, Qt::CheckStateRole);
    QCOMPARE(view_->checkedRecipes(), (std::vector<json>{nullptr}));
    view_->model().setData(view_->model().index(0, 0), Qt::Unchecked, Qt::CheckStateRole);
    QVERIFY(!find<QPushButton>("compareEvaluate")->isEnabled());
    QVERIFY(!find<QPushButton>("compareWrite")->isEnabled());
}

void TestCompareView::compare_becomes_stop_while_it_works() {
    auto* button = find<QPushButton>("compareEvaluate");
    QSignalSpy asked(view_.get(), &CompareView::evaluateRequested),
        stopped(view_.get(), &CompareView::stopEvaluateRequested);
    button->click();
    QCOMPARE(asked.count(), 1);
    view_->setBusy(true, false);
    QCOMPARE(button->text(), QStringLiteral("Stop"));
    QVERIFY(!find<QSpinBox>("compareContext")->isEnabled()); // results belong to the options asked for
    button->click();
    QCOMPARE(stopped.count(), 1);
    QCOMPARE(asked.count(), 1);
    view_->setBusy(false, false);
    QCOMPARE(button->text(), QStringLiteral("Compare"));
    QVERIFY(find<QSpinBox>("compareContext")->isEnabled());
}

void TestCompareView::write_becomes_stop_while_it_works() {
    auto* button = find<QPushButton>("compareWrite");
    QSignalSpy asked(view_.get(), &CompareView::textRequested), stopped(view_.get(), &CompareView::stopTextRequested);
    view_->setBusy(false, true);
    QCOMPARE(button->text(), QStringLiteral("Stop"));
    button->click();
    QCOMPARE(stopped.count(), 1);
    QTest::keyClick(find<PromptEdit>("comparePrompt"), Qt::Key_Return); // a second text waits for the first
    QCOMPARE(asked.count(), 0);
    view_->setBusy(false, false);
    button->click();
    QCOMPARE(asked.count(), 1);
}

void TestCompareView::return_in_the_prompt_writes_and_shift_return_breaks_the_line() {
    auto* prompt = find<PromptEdit>("comparePrompt");
    QSignalSpy asked(view_.get(), &CompareView::textRequested);
    prompt->clear();
    QTest::keyClicks(prompt, QStringLiteral("One"));
    QTest::keyClick(prompt, Qt::Key_Return, Qt::ShiftModifier);
    QTest::keyClicks(prompt, QStringLiteral("two"));
    QCOMPARE(asked.count(), 0);
    QTest::keyClick(prompt, Qt::Key_Return);
    QCOMPARE(asked.count(), 1);
    QCOMPARE(view_->textSettings().prompt, QStringLiteral("One\ntwo"));
}

void TestCompareView::the_prompt_is_as_wide_as_the_view() {
    for (const int width : {420, 700, 1100}) {
        view_->resize(width, 700);
        QTRY_VERIFY2(find<PromptEdit>("comparePrompt")->width() > 0.85 * width, qPrintable(QString::number(width)));
    }
}

void TestCompareView::chat_can_be_chosen_when_there_is_a_template() {
    auto* mode = find<QComboBox>("compareMode");
    QVERIFY(mode->isEnabled() && !view_->textSettings().chat);
    QTest::keyClick(mode, Qt::Key_Down);
    QVERIFY(view_->textSettings().chat);
    view_->setHasChatTemplate(false);
    QVERIFY(!mode->isEnabled() && !view_->textSettings().chat);
    auto* seed = find<QSpinBox>("compareSeed");
    QVERIFY(!seed->isEnabled()); // greedy needs none
    find<QDoubleSpinBox>("compareTemperature")->setValue(0.8);
    QVERIFY(seed->isEnabled());
    seed->setValue(7);
    QCOMPARE(view_->textSettings().sampling(), QStringLiteral("temperature 0.80 · seed 7"));
}

void TestCompareView::text_streams_into_its_column() {
    view_->beginText();
    QVERIFY(!find<QLabel>("textEmpty")->isVisible());
    auto *first = find<QLabel>("written0"), *second = find<QLabel>("written1");
    QVERIFY(first && second);
    QTRY_VERIFY(first->isVisible());
    view_->addPiece(1, QStringLiteral(" a <b> &"));
    view_->addPiece(1, QStringLiteral(" c"));
    QVERIFY(second->accessibleName().endsWith(QLatin1String("France is a <b> & c")));
    QVERIFY(first->accessibleName().endsWith(QLatin1String("France is")));
    QVERIFY(second->text().contains(QLatin1String("&lt;b&gt;"))); // shown, not obeyed
    view_->addPiece(9, QStringLiteral("nowhere"));
}

void TestCompareView::tokens_are_coloured_by_divergence() {
    view_->beginText();
    view_->setTextColumns({column("original", true), column("coarse", false)});
    auto *original = find<TokenText>("tokenText0"), *quantized = find<TokenText>("tokenText1");
    QTRY_VERIFY(quantized->isVisible() && quantized->placeOf(3).isValid());
    QVERIFY(colourfulness(*quantized, 2) > colourfulness(*quantized, 1) + 40);
    QCOMPARE(colourfulness(*original, 2), colourfulness(*original, 1));
    QVERIFY(find<QLabel>("written1")->text().contains(QLatin1String("London")));
    QVERIFY(find<QLabel>("textCaption1")->text().contains(QLatin1String("0.507 nats"))); // (2 + 3 × 0.01) / 4
    QVERIFY(find<QWidget>("divergenceLegend")->isVisible());
    QVERIFY(TokenText::colour_of(0.1F).alphaF() < TokenText::colour_of(1).alphaF());
    QCOMPARE(TokenText::colour_of(100), TokenText::colour_of(TokenText::full_colour_nats));
}

void TestCompareView::a_clicked_token_shows_both_distributions() {
    view_->setCandidates([](std::size_t at_column, std::size_t position) {
        if (at_column != 1 || position != 3) return std::vector<studio::TokenCandidate>{};
        return std::vector<studio::TokenCandidate>{{" Paris", 0.815F, 0.125F}, {" London", 0.021F, 0.643F}};
    });
    view_->beginText();
    view_->setTextColumns({column("original", true), column("coarse", false)});
    auto* text = find<TokenText>("tokenText1");
    QTRY_VERIFY(text->isVisible() && text->placeOf(3).isValid());
    QTest::mouseClick(text, Qt::LeftButton, {}, text->placeOf(3).center().toPoint());
    QVERIFY(QToolTip::isVisible());
    for (const char* said : {"␣Paris", "81.5 %", "12.5 %", "␣London", "2.1 %", "64.3 %"})
        QVERIFY2(QToolTip::text().contains(QString::fromUtf8(said)), said);
    QCOMPARE(text->selected(), 3);
    QCOMPARE(find<TokenText>("tokenText0")->selected(), 3); // the same place in the original
}

void TestCompareView::the_arrows_walk_through_all_columns_at_once() {
    view_->beginText();
    view_->setTextColumns({column("original", true), column("coarse", false)});
    auto* text = find<TokenText>("tokenText1");
    QTest::keyClick(text, Qt::Key_Right);
    QTest::keyClick(text, Qt::Key_Right);
    QCOMPARE(find<TokenText>("tokenText0")->selected(), 1);
    QTest::keyClick(text, Qt::Key_Left);
    QCOMPARE(text->selected(), 0);
}

void TestCompareView::a_model_that_cannot_be_evaluated_says_why() {
    view_->setAvailable(false, QStringLiteral("it has no tokenizer; put tokenizer.json beside it"));
    QVERIFY(find<QLabel>("compareUnavailable")->isVisible());
    QVERIFY(find<QLabel>("compareUnavailable")->text().contains(QLatin1String("tokenizer.json")));
    QVERIFY(!find<QPushButton>("compareEvaluate")->isEnabled());
    QVERIFY(!find<PromptEdit>("comparePrompt")->isEnabled());
}

QTEST_MAIN(TestCompareView)
#include "tst_compare_view.moc"
