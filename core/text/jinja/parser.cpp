// Statements: what stands between {% and %}.
#include "core/text/jinja/parser.h"

#include "core/base/errors.h"
#include "core/text/jinja/expression_parser.h"

namespace quantscope::jinja {

namespace {

class Parser : private ExpressionParser {
public:
    using ExpressionParser::ExpressionParser;

    Block parse() {
        auto block = statements({});
        if (token().kind != Token::Kind::end) unexpected_tag();
        return block;
    }

private:
    using Ends = std::vector<std::string_view>;

    /// Up to a tag that begins with one of these words, which is left unread.
    Block statements(const Ends& ends) {
        const Level level(run_);
        Block block;
        for (;;) {
            run_.line = token().line;
            switch (token().kind) {
            case Token::Kind::text: {
                auto& made = add(block, Statement::Kind::text);
                made.text = take().text;
                break;
            }
            case Token::Kind::print_begin: {
                take();
                auto& made = add(block, Statement::Kind::print);
                made.value = expression_list();
                if (token().kind != Token::Kind::print_end) unexpected();
                take();
                break;
            }
            case Token::Kind::block_begin: {
                const auto& word = tokens_[at_ + 1];
                if (word.kind != Token::Kind::name) take(), unexpected();
                for (const auto end : ends)
                    if (word.text == end) return block;
                tag(block);
                break;
            }
            default:
                return block;
            }
        }
    }

    Statement& add(Block& block, Statement::Kind kind) {
        Statement made;
        made.kind = kind;
        made.line = run_.line;
        block.push_back(std::move(made));
        return block.back();
    }

    [[noreturn]] void unexpected_tag() {
        const auto& word = tokens_[std::min(at_ + 1, tokens_.size() - 1)];
        run_.line = word.line;
        run_.fail("the tag \"" + printable(word.text, 60) + "\" is not known here or closes nothing");
    }

    void end_block() {
        if (token().kind != Token::Kind::block_end) unexpected();
        take();
    }

    /// {% word %}
    void closing(std::string_view word) {
        if (token().kind != Token::Kind::block_begin) run_.fail("a tag is never closed by " + std::string(word));
        take();
        if (!take_name(word)) unexpected();
        end_block();
    }

    void tag(Block& block) {
        const auto& word = tokens_[at_ + 1].text;
        if (word == "if") return if_tag(block);
        if (word == "for") return for_tag(block);
        if (word == "set") return set_tag(block);
        if (word == "macro") return macro_tag(block);
        if (word == "generation") return generation_tag(block);
        if (word == "break" || word == "continue") {
            if (loops_ == 0) run_.fail("\"" + word + "\" stands outside of a loop");
            auto& made = add(block, word == "break" ? Statement::Kind::stop : Statement::Kind::skip);
            take(), take();
            made.line = run_.line;
            return end_block();
        }
        unexpected_tag();
    }

    void if_tag(Block& block) {
        take(), take();
        auto made = Statement();
        made.kind = Statement::Kind::branch;
        made.line = run_.line;
        auto condition = expression();
        end_block();
        for (bool last = false;;) {
            auto body = statements(last ? Ends{"endif"} : Ends{"elif", "else", "endif"});
            made.branches.emplace_back(std::move(condition), std::move(body));
            if (token().kind != Token::Kind::block_begin) run_.fail("an if is never closed by endif");
            take();
            const auto word = expect_name();
            if (word == "endif") break;
            last = word == "else";
            condition = last ? nullptr : expression();
            end_block();
        }
        end_block();
        block.push_back(std::move(made));
    }

    std::vector<std::string> targets() {
        std::vector<std::string> names;
        const bool parenthesis = take_sign("(");
        do {
            if (!names.empty() && at_name("in")) break;
            names.push_back(expect_name());
        } while (take_sign(","));
        if (parenthesis) expect_sign(")");
        return names;
    }

    void for_tag(Block& block) {
        take(), take();
        auto made = Statement();
        made.kind = Statement::Kind::loop;
        made.line = run_.line;
        made.names = targets();
        if (!take_name("in")) unexpected();
        made.value = expression(false);
        if (take_name("if")) made.condition = expression();
        if (at_name("recursive")) run_.fail("recursive loops are not known here");
        end_block();
        ++loops_;
        made.body = statements({"else", "endfor"});
        --loops_;
        if (token().kind == Token::Kind::block_begin && tokens_[at_ + 1].text == "else") {
            take(), take();
            end_block();
            made.otherwise = statements({"endfor"});
        }
        closing("endfor");
        block.push_back(std::move(made));
    }

    void set_tag(Block& block) {
        take(), take();
        auto made = Statement();
        made.kind = Statement::Kind::assign;
        made.line = run_.line;
        made.names = targets();
        if (take_sign(".")) made.text = expect_name();
        if (take_sign("=")) {
            made.value = expression_list();
            end_block();
        } else {
            if (at_sign("|")) run_.fail("a set block with a filter is not known here");
            made.kind = Statement::Kind::capture;
            end_block();
            made.body = statements({"endset"});
            closing("endset");
        }
        block.push_back(std::move(made));
    }

    void macro_tag(Block& block) {
        take(), take();
        auto macro = std::make_shared<Macro>();
        macro->name = expect_name();
        expect_sign("(");
        while (!take_sign(")")) {
            if (!macro->parameters.empty()) expect_sign(",");
            auto name = expect_name();
            macro->parameters.emplace_back(std::move(name), take_sign("=") ? expression() : nullptr);
        }
        end_block();
        const int loops = std::exchange(loops_, 0);
        macro->body = statements({"endmacro"});
        loops_ = loops;
        closing("endmacro");
        add(block, Statement::Kind::macro).macro = std::move(macro);
    }

    /// The transformers library marks the assistant's words with it; it prints what is inside.
    void generation_tag(Block& block) {
        take(), take();
        end_block();
        auto inside = statements({"endgeneration"});
        closing("endgeneration");
        auto made = Statement();
        made.kind = Statement::Kind::branch;
        made.branches.emplace_back(nullptr, std::move(inside));
        block.push_back(std::move(made));
    }

    int loops_ = 0;
};

} // namespace

Block parse(const std::vector<Token>& tokens, Run& run) { return Parser(tokens, run).parse(); }

} // namespace quantscope::jinja
