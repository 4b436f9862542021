// SHA-256 through OpenSSL, which uses the processor's own instructions for it.
#include "core/base/sha256.h"

#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <vector>

namespace quantscope {

namespace {

class Digest {
public:
    Digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
            throw IoError("", "", "OpenSSL offers no SHA-256 on this system; install libssl3");
    }
    void add(const void* bytes, std::size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
    std::string hexadecimal() {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned length = 0;
        EVP_DigestFinal_ex(context_.get(), digest, &length);
        static constexpr char digits[] = "0123456789abcdef";
        std::string text;
        for (unsigned i = 0; i < length; ++i) text += {digits[digest[i] >> 4], digits[digest[i] & 15]};
        return text;
    }

private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

} // namespace

std::string sha256(std::string_view bytes) {
    Digest digest;
    digest.add(bytes.data(), bytes.size());
    return digest.hexadecimal();
}

std::string sha256_of_file(const std::filesystem::path& file, Progress& progress) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw IoError(file.string(), "", "cannot be read; check that it exists and that you may read it");
    const double size = static_cast<double>(std::filesystem::file_size(file));
    Digest digest;
    std::vector<char> buffer(1 << 20);
    for (double done = 0; in; progress.report(size > 0 ? std::min(1.0, done / size) : 1.0, "hashing")) {
        in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        digest.add(buffer.data(), static_cast<std::size_t>(in.gcount()));
        done += static_cast<double>(in.gcount());
    }
    if (in.bad()) throw IoError(file.string(), "", "reading failed half-way; check the disk");
    return digest.hexadecimal();
}

} // namespace quantscope
