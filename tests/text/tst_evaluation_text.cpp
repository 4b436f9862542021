// The text that ships for evaluation is the one its README describes.
#include <QCryptographicHash>
#include <QFile>
#include <QtTest>

class tst_evaluation_text : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void is_large_enough_and_has_the_hash_that_its_readme_states() {
        QFile text(QUANTSCOPE_RESOURCES "/texts/evaluation.txt"), readme(QUANTSCOPE_RESOURCES "/texts/README.md");
        QVERIFY(text.open(QIODevice::ReadOnly) && readme.open(QIODevice::ReadOnly));
        const auto bytes = text.readAll();
        QVERIFY(bytes.size() >= 200'000);
        const auto hash = QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex();
        QVERIFY2(readme.readAll().contains("`" + hash + "`"), hash.constData());
    }
};

QTEST_APPLESS_MAIN(tst_evaluation_text)
#include "tst_evaluation_text.moc"
