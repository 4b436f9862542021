// The messages above the views: several at once, long ones, details to copy, and what goes by itself.
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QTest>
#include <QToolButton>
#include <QVBoxLayout>

#include "app/studio/message_bar.h"

using namespace quantscope;

class TestMessageBar : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        window_ = std::make_unique<QWidget>();
        bar_ = new MessageBar;
        auto* layout = new QVBoxLayout(window_.get());
        layout->addWidget(bar_);
        layout->addStretch(1);
        window_->resize(1024, 300);
        window_->show();
    }

    void several_failures_stand_below_each_other() {
        bar_->tell(QStringLiteral("a"));
        bar_->tell(QStringLiteral("b"));
        bar_->tell(QStringLiteral("a"));
        QCOMPARE(bar_->text(), QStringLiteral("b\na")); // said twice is shown once, as the latest
        bar_->tell(QStringLiteral("c"));
        bar_->tell(QStringLiteral("d"));
        QCOMPARE(bar_->text(), QStringLiteral("a\nc\nd"));
    }

    void news_makes_room_before_a_failure_does() {
        bar_->tell(QStringLiteral("failed"));
        bar_->tell(QStringLiteral("news"), MessageBar::Tone::information);
        bar_->tell(QStringLiteral("more news"), MessageBar::Tone::information);
        bar_->tell(QStringLiteral("failed again"));
        QVERIFY(bar_->text().startsWith(QLatin1String("failed\n")));
        QVERIFY(bar_->text().endsWith(QLatin1String("failed again")));
        QVERIFY(!bar_->text().contains(QLatin1String("\nnews")));
    }

    void closing_the_last_hides_the_bar_and_the_next_starts_afresh() {
        bar_->tell(QStringLiteral("old"));
        bar_->findChild<QToolButton*>(QStringLiteral("messageClose"))->click();
        QVERIFY(bar_->isHidden());
        QVERIFY(bar_->text().isEmpty());
        bar_->tell(QStringLiteral("hidden"));
        bar_->hide(); // another model was opened
        bar_->tell(QStringLiteral("new"));
        QCOMPARE(bar_->text(), QStringLiteral("new"));
    }

    void copy_takes_the_details_too() {
        bar_->tell(QStringLiteral("sentence"), MessageBar::Tone::error, QStringLiteral("sentence\nand a trace"));
        bar_->findChild<QToolButton*>(QStringLiteral("messageCopy"))->click();
        QVERIFY(QApplication::clipboard()->text().contains(QLatin1String("and a trace")));
    }

    void a_long_message_neither_widens_nor_fills_the_window() {
        bar_->tell(QStringLiteral("/a/very/long/path").repeated(200));
        QTest::qWait(50);
        QVERIFY2(window_->width() <= 1024, qPrintable(QString::number(window_->width())));
        QVERIFY2(bar_->height() < 150, qPrintable(QString::number(bar_->height())));
        QCOMPARE(bar_->text().size(), 200 * 17); // Copy has all of it
    }

private:
    std::unique_ptr<QWidget> window_;
    MessageBar* bar_ = nullptr;
};

QTEST_MAIN(TestMessageBar)
#include "tst_message_bar.moc"
