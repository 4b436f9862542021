// What was compared is there again in the next window: table, plot, options and the models' texts, on a tiny model with
// a vocabulary.
#include <QAction>
#include <QComboBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include "../export/models.h"
#include "app/studio/main_window.h"
#include "own_settings.h"
#include "widgets/compare/compare_view.h"
#include "widgets/theme.h"

using namespace quantscope;
using nlohmann::json;
using widgets::CompareModel;
using widgets::TokenText;

class TestCompareSession : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void table_and_plot_come_back();
    void a_run_whose_recipe_has_left_comes_back_as_a_point();
    void texts_come_back_with_their_colours_and_candidates();
    void texts_are_those_of_the_prompt_they_were_written_for();
    void results_of_another_file_do_not_come_back();
    void damaged_texts_leave_the_table();

private:
    void openModel();
    void openNextWindow(); ///< closes the window and opens another one, which restores
    void measure();
    void write();
    QStringList cells();
    QString sessionFile() const;
    template <typename W>
    W* find(const char* name) {
        return window_->findChild<W*>(QLatin1String(name));
    }
    widgets::CompareView& compare() { return *window_->findChild<widgets::CompareView*>(); }

    QTemporaryDir home_;
    std::filesystem::path model_;
    std::unique_ptr<MainWindow> window_;
};

void TestCompareSession::initTestCase() {
    testing::use_own_settings(home_.path());
    widgets::ThemeNotifier::instance().apply(widgets::ThemeChoice::light);
}

void TestCompareSession::init() {
    QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
    QSettings().clear();
    model_ = home_.filePath(QStringLiteral("tiny")).toStdString();
    std::filesystem::remove_all(model_);
    constexpr int vocabulary = 1206;
    testing::tiny_llama(model_, DType::F32, vocabulary);
    std::filesystem::copy_file(QUANTSCOPE_GOLDENS "/text/tokenizer_smollm.json", model_ / "tokenizer.json");
    window_ = std::make_unique<MainWindow>();
    window_->show();
    openModel();
    QVERIFY2(window_->session()->card().can_evaluate, window_->session()->card().why_not_evaluated.c_str());
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    window_->showView(MainWindow::compare_view);
    find<QSpinBox>("compareContext")->setValue(32);
    find<QSpinBox>("compareTokens")->setValue(128);
    find<QSpinBox>("compareLength")->setValue(6);
}

void TestCompareSession::cleanup() {
    window_.reset();
    QDir(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)).removeRecursively();
}

void TestCompareSession::openModel() {
    QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
    window_->open(QString::fromStdString(model_.string()));
    QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
}

void TestCompareSession::openNextWindow() {
    QVERIFY(window_->close());
    window_ = std::make_unique<MainWindow>();
    window_->show();
    QSignalSpy opened(window_.get(), &MainWindow::modelOpened);
    window_->restoreLast();
    QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 20'000);
    QTRY_VERIFY_WITH_TIMEOUT(window_->isIdle(), 30'000);
}

void TestCompareSession::measure() {
    QSignalSpy compared(window_.get(), &MainWindow::compared);
    window_->compareAll();
    QTRY_COMPARE_WITH_TIMEOUT(compared.count(), 1, 60'000);
}

void TestCompareSession::write() {
    QSignalSpy written(window_.get(), &MainWindow::textCompared);
    window_->compareText();
    QTRY_COMPARE_WITH_TIMEOUT(written.count(), 1, 60'000);
}

/// All that the table shows, tool tips, ticks and colours (which say what is stale) included.
QStringList TestCompareSession::cells() {
    QStringList cells;
    const auto& model = compare().model();
    for (int row = 0; row < model.rowCount(); ++row)
        for (int column = 0; column < model.columnCount(); ++column)
            for (const int role : {int(Qt::DisplayRole), int(Qt::ToolTipRole), int(Qt::CheckStateRole),
                                   int(Qt::ForegroundRole), int(CompareModel::bar_role)})
                cells << model.index(row, column).data(role).toString();
    return cells;
}

QString TestCompareSession::sessionFile() const {
    const QDir folder(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/sessions"));
    return folder.filePath(folder.entryList(QDir::Files).value(0));
}

void TestCompareSession::table_and_plot_come_back() {
    find<QPushButton>("compareAdd")->menu()->actions().last()->trigger();
    QCOMPARE(compare().model().rowCount(), 3);
    find<QComboBox>("compareConvention")->setCurrentIndex(1);
    measure();
    compare().model().setData(compare().model().index(2, 0), Qt::Unchecked, Qt::CheckStateRole);
    const QStringList before = cells();
    const auto rows = compare().results();
    QCOMPARE(rows.size(), std::size_t(3));
    for (const auto& row : rows)
        QVERIFY2(row.perplexity > 1 && row.tokens > 0, row.name.c_str());
    QVERIFY(rows[1].kl_mean > 0 && rows[2].kl_mean > 0 && rows[1].kl_mean != rows[2].kl_mean);

    openNextWindow();
    QCOMPARE(cells(), before);
    const auto again = compare().results();
    QCOMPARE(again.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) { // to the last bit, not only as shown
        QCOMPARE(again[i].perplexity, rows[i].perplexity);
        QCOMPARE(again[i].nll_standard_error, rows[i].nll_standard_error);
        QCOMPARE(again[i].kl_mean, rows[i].kl_mean);
        QCOMPARE(again[i].kl_p99, rows[i].kl_p99);
        QCOMPARE(again[i].top1_agreement, rows[i].top1_agreement);
        QCOMPARE(again[i].text_sha256, rows[i].text_sha256);
        QCOMPARE(again[i].recipe, rows[i].recipe);
    }
    QCOMPARE(compare().settings().context, 32);
    QVERIFY(compare().settings().llama_cpp_convention);
    QCOMPARE(find<widgets::QualityPlot>("qualityPlot")->points().size(), std::size_t(3));
    QVERIFY(find<QLabel>("statusTotals")->text().contains(QLatin1String("perplexity")));
}

void TestCompareSession::a_run_whose_recipe_has_left_comes_back_as_a_point() {
    measure();
    const double perplexity = compare().results()[1].perplexity;
    window_->applyPreset(QStringLiteral("piecewise-w3-channel"));
    openNextWindow();
    QCOMPARE(compare().results().size(), std::size_t(1)); // the original; the present recipe was never measured
    const auto& points = find<widgets::QualityPlot>("qualityPlot")->points();
    QCOMPARE(points.size(), std::size_t(2));
    QVERIFY(points.back().earlier);
    window_->applyPreset(QStringLiteral("uniform-w4-channel"));
    QCOMPARE(compare().results().size(), std::size_t(2));
    QCOMPARE(compare().results()[1].perplexity, perplexity);
}

void TestCompareSession::texts_come_back_with_their_colours_and_candidates() {
    write();
    struct Shown {
        QString title, written, caption, candidates;
        studio::TextColumn column;
    };
    const auto shown = [this] {
        std::vector<Shown> all;
        for (int i = 0; auto* text = compare().findChild<TokenText*>(QStringLiteral("tokenText%1").arg(i)); ++i) {
            Shown& one = all.emplace_back();
            one.title = compare().findChild<QLabel*>(QStringLiteral("textTitle%1").arg(i))->text();
            one.written = compare().findChild<QLabel*>(QStringLiteral("written%1").arg(i))->text();
            one.caption = compare().findChild<QLabel*>(QStringLiteral("textCaption%1").arg(i))->text();
            one.column = text->column();
            for (int token = 0; token < int(one.column.tokens.size()); ++token)
                one.candidates += text->candidateTable(token);
        }
        return all;
    };
    const auto before = shown();
    QCOMPARE(before.size(), std::size_t(2));
    QVERIFY(before[0].column.tokens.size() > 6 && before[0].candidates.contains(QLatin1String("most likely here")));
    QVERIFY2(before[1].caption.contains(QLatin1String("mean KL")), qPrintable(before[1].caption));

    openNextWindow();
    const auto after = shown();
    QCOMPARE(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        QCOMPARE(after[i].title, before[i].title);
        QCOMPARE(after[i].written, before[i].written);
        QCOMPARE(after[i].caption, before[i].caption);
        QCOMPARE(after[i].candidates, before[i].candidates);
        const auto &tokens = before[i].column.tokens, &restored = after[i].column.tokens;
        QCOMPARE(restored.size(), tokens.size());
        for (std::size_t t = 0; t < tokens.size(); ++t) {
            QCOMPARE(restored[t].text, tokens[t].text);
            QCOMPARE(restored[t].id, tokens[t].id);
            QCOMPARE(restored[t].kl, tokens[t].kl);
            QCOMPARE(restored[t].agrees, tokens[t].agrees);
        }
    }
    QVERIFY(find<QWidget>("divergenceLegend")->isVisibleTo(&compare()));
    write();                                               // what is written anew stands instead of it
    QCOMPARE(shown()[1].candidates, before[1].candidates); // greedy, so the same
}

void TestCompareSession::texts_are_those_of_the_prompt_they_were_written_for() {
    auto* prompt = find<QPlainTextEdit>("comparePrompt");
    prompt->setPlainText(QStringLiteral("Once upon a time"));
    find<QDoubleSpinBox>("compareTemperature")->setValue(0.7);
    find<QSpinBox>("compareSeed")->setValue(5);
    write();
    prompt->setPlainText(QStringLiteral("Another prompt"));
    openNextWindow();
    QVERIFY(find<QLabel>("written0")->accessibleName().startsWith(QLatin1String("Once upon a time")));
    QCOMPARE(compare().textSettings().prompt, QStringLiteral("Another prompt"));
    QCOMPARE(compare().textSettings().sampling(), QStringLiteral("temperature 0.70 · seed 5"));
}

void TestCompareSession::results_of_another_file_do_not_come_back() {
    measure();
    write();
    QVERIFY(window_->close());
    testing::tiny_llama(model_, DType::BF16, 1206); // under the same path
    openNextWindow();
    QVERIFY(compare().results().empty());
    QVERIFY(!find<QLabel>("written0"));
    QVERIFY(find<QLabel>("textEmpty")->isVisibleTo(&compare()));
}

void TestCompareSession::damaged_texts_leave_the_table() {
    measure();
    write();
    QVERIFY(window_->close());
    QFile file(sessionFile());
    QVERIFY(file.open(QIODevice::ReadOnly));
    json saved = json::parse(file.readAll().toStdString());
    file.close();
    saved["compare"]["texts"]["columns"][0]["tokens"][0] = "not a token";
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray::fromStdString(saved.dump()));
    file.close();
    window_ = std::make_unique<MainWindow>(); // which does not save over it
    window_->show();
    openModel();
    QCOMPARE(compare().results().size(), std::size_t(2));
    QVERIFY(!find<QLabel>("written0"));
}

QTEST_MAIN(TestCompareSession)
#include "tst_compare_session.moc"
