// What the Images view asks to sample, and how it says that something cannot be asked for.
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>

#include "images_fixture.h"

using namespace quantscope;
using namespace quantscope::widgets;

class TestImageControls : public QObject, private ImagesFixture {
    Q_OBJECT
private Q_SLOTS:
    void init() { start(); }
    void generate_asks_for_what_the_controls_say();
    void ranges_of_seeds_are_read_and_written_data();
    void ranges_of_seeds_are_read_and_written();
    void what_cannot_be_asked_for_is_said_and_not_asked_for();
    void generate_becomes_stop_while_it_works();
    void a_request_of_an_earlier_session_comes_back();
    void classes_are_ticked_by_name();
    void the_controls_are_remembered();
};

void TestImageControls::generate_asks_for_what_the_controls_say() {
    QSignalSpy asked(view_.get(), &ImagesView::requested);
    find<ChoiceButton>("imageClasses")->setChosen({1, 7});
    find<QLineEdit>("imageSeeds")->setText(QStringLiteral("3-4"));
    find<QComboBox>("imageSampler")->setCurrentIndex(2);
    find<QSpinBox>("imageSteps")->setValue(20);
    find<QDoubleSpinBox>("imageGuidance")->setValue(1.5);
    QTest::keyClick(view_.get(), Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(asked.size(), 1);
    const auto request = asked[0][0].value<studio::ImageRequest>();
    QCOMPARE(request.rows.size(), std::size_t(4));
    QCOMPARE(request.rows[1].label, 1);
    QCOMPARE(request.rows[1].seed, std::uint64_t(4));
    QCOMPARE(request.rows[2].class_name, std::string("Sneaker"));
    QCOMPARE(request.sampler, std::string("dpm++"));
    QCOMPARE(request.steps, 20);
    QCOMPARE(request.guidance, 1.5);
    QCOMPARE(request.models.size(), std::size_t(1)); // the first one is ticked when models become known
    QCOMPARE(request.models[0].name, std::string("present recipe"));
}

void TestImageControls::ranges_of_seeds_are_read_and_written_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("again"); // "?": cannot be read
    QTest::newRow("one") << "7"
                         << "7";
    QTest::newRow("range") << "0-4"
                           << "0–4";
    QTest::newRow("range with a dash") << " 0 – 2 , 9"
                                       << "0–2, 9";
    QTest::newRow("twice the same") << "1,1,2"
                                    << "1–2";
    QTest::newRow("the largest") << "18446744073709551615"
                                 << "18446744073709551615";
    QTest::newRow("ends at the largest") << "18446744073709551614-18446744073709551615"
                                         << "18446744073709551614–18446744073709551615";
    QTest::newRow("too large") << "18446744073709551616"
                               << "?";
    QTest::newRow("too many") << "0-1000000000000"
                              << "?";
    QTest::newRow("backwards") << "4-0"
                               << "?";
    QTest::newRow("negative") << "-4"
                              << "?";
    QTest::newRow("words") << "all"
                           << "?";
    QTest::newRow("nothing") << ""
                             << "";
}

void TestImageControls::ranges_of_seeds_are_read_and_written() {
    QFETCH(QString, text);
    QFETCH(QString, again);
    const auto seeds = seeds_from(text);
    QCOMPARE(seeds ? seeds_text(*seeds) : QStringLiteral("?"), again);
}

void TestImageControls::what_cannot_be_asked_for_is_said_and_not_asked_for() {
    QSignalSpy asked(view_.get(), &ImagesView::requested);
    auto* summary = find<QLabel>("imageRequestSummary");
    QCOMPARE(summary->text(), QStringLiteral("5 rows × 2 models = 10 images"));
    find<QLineEdit>("imageSeeds")->setText(QStringLiteral("many"));
    QVERIFY(summary->text().contains(QStringLiteral("0–4, 7")));
    QVERIFY(!find<QPushButton>("imageGenerate")->isEnabled());
    QTest::keyClick(find<QLineEdit>("imageSeeds"), Qt::Key_Return);
    find<QLineEdit>("imageSeeds")->setText(QStringLiteral("0"));
    find<ChoiceButton>("imageClasses")->setChosen({});
    QVERIFY(summary->text().contains(QLatin1String("class")));
    view_->generate();
    QCOMPARE(asked.size(), 0);
}

void TestImageControls::generate_becomes_stop_while_it_works() {
    QSignalSpy asked(view_.get(), &ImagesView::requested), stopped(view_.get(), &ImagesView::stopRequested);
    view_->setBusy(true);
    QCOMPARE(find<QPushButton>("imageGenerate")->text(), QStringLiteral("Stop"));
    QVERIFY(!find<QSpinBox>("imageSteps")->isEnabled());
    click("imageGenerate");
    QCOMPARE(asked.size(), 0);
    QCOMPARE(stopped.size(), 1);
    view_->setBusy(false);
    click("imageGenerate");
    QCOMPARE(asked.size(), 1);
}

void TestImageControls::a_request_of_an_earlier_session_comes_back() {
    studio::ImageRequest request;
    for (const int label : {2, 5})
        for (const std::uint64_t seed : {1, 2, 9})
            request.rows.push_back({label, made_up::class_names[std::size_t(label)], seed});
    request.models = {{"study mix", {{"bits", 3}}}, {"gone", {{"bits", 2}}}};
    request.sampler = "ddpm";
    request.steps = 250;
    request.guidance = 2;
    view_->setRequest(request);
    QCOMPARE(find<QLineEdit>("imageSeeds")->text(), QStringLiteral("1–2, 9"));
    const auto back = view_->request();
    QCOMPARE(back.rows.size(), request.rows.size());
    for (std::size_t i = 0; i < back.rows.size(); ++i) {
        QCOMPARE(back.rows[i].label, request.rows[i].label);
        QCOMPARE(back.rows[i].seed, request.rows[i].seed);
    }
    QCOMPARE(back.models.size(), std::size_t(1));
    QCOMPARE(back.models[0].name, std::string("study mix"));
    QCOMPARE(back.sampler, std::string("ddpm"));
    QCOMPARE(back.steps, 250);
    QCOMPARE(back.guidance, 2.0);
    // The present recipe's words change while it is edited; its tick stays.
    view_->setModels({{"present recipe", {{"bits", 5}}}, {"study mix", {{"bits", 3}}}});
    QCOMPARE(view_->request().models.size(), std::size_t(1));
    QCOMPARE(view_->request().models[0].name, std::string("study mix"));
}

void TestImageControls::classes_are_ticked_by_name() {
    auto* choice = find<ChoiceButton>("imageClasses");
    QTest::mouseClick(choice, Qt::LeftButton);
    auto* list = choice->list();
    QTRY_VERIFY(list->isVisible());
    QVERIFY(list->item(9)->text().contains(QLatin1String("Ankle boot")));
    list->setCurrentRow(9);
    QTest::keyClick(list, Qt::Key_Space);
    QCOMPARE(choice->chosen(), (std::vector<int>{0, 1, 2, 3, 4, 9}));
    QCOMPARE(choice->text(), QStringLiteral("6 classes"));
    QTest::keyClick(list, Qt::Key_Return);
    QTRY_VERIFY(!list->isVisible());
    choice->setChosen({0, 7});
    QCOMPARE(choice->text(), QStringLiteral("T-shirt, Sneaker"));
    // A filter restricts "All" to what it shows.
    choice->setChosen({});
    choice->filter()->setText(QStringLiteral("boot"));
    for (auto* button : choice->findChildren<QPushButton*>())
        if (button->text() == QLatin1String("All")) button->click();
    QCOMPARE(choice->chosen(), std::vector<int>{9});
}

void TestImageControls::the_controls_are_remembered() {
    find<ChoiceButton>("imageClasses")->setChosen({3, 8});
    find<ChoiceButton>("imageModels")->setChosen({1});
    find<QLineEdit>("imageSeeds")->setText(QStringLiteral("5, 18446744073709551615"));
    find<QSpinBox>("imageSteps")->setValue(12);
    const auto state = nlohmann::json::parse(view_->state().dump());
    start();
    QCOMPARE(view_->request().steps, 50);
    view_->restore(state);
    QVERIFY(view_->state() == state);
    QCOMPARE(view_->request().rows.size(), std::size_t(4));
    for (const char* broken : {"{}", "[]", "null", R"({"rows": [{"label": "x"}]})"})
        view_->restore(nlohmann::json::parse(broken));
    QVERIFY(view_->state() == state);
}

QTEST_MAIN(TestImageControls)
#include "tst_image_controls.moc"
