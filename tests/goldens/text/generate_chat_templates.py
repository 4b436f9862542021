"""Renders chat templates with the transformers library; chat_templates.json holds what it printed.

The templates were written for this test in the manner of each family: the same constructs, not the same text. That of
SmolLM2 is read from the GGUF file.

    python generate_chat_templates.py SmolLM2-135M-Instruct.Q4_1.gguf
"""
import json
import pathlib
import sys

import gguf
from transformers.utils.chat_template_utils import _compile_jinja_template

here = pathlib.Path(__file__).parent
templates = {path.stem: path.read_text() for path in sorted((here / "templates").glob("*.jinja"))}
templates["smollm2"] = gguf.GGUFReader(sys.argv[1]).fields["tokenizer.chat_template"].contents()

user = {"role": "user", "content": "  What's 2 + 2? \"Ünïcode\" <b>&amp;</b>\n"}
assistant = {"role": "assistant", "content": "<think>\nadd\n</think>\n\n4 "}
conversations = {
    "one question": [user],
    "system and question": [{"role": "system", "content": "Be brief.\n"}, user],
    "two turns": [{"role": "system", "content": "Be brief."}, user, assistant, {"role": "user", "content": "And 3?"}],
    "answered": [user, assistant],
    "wrong order": [user, user],
    "tool call": [user, {"role": "assistant", "content": "", "tool_calls": [
        {"type": "function", "id": "abcdefghi", "function": {
            "name": "add", "arguments": {"a": 2, "b": 2.5, "c": [True, None, "é\t'\""]}}}]},
        {"role": "tool", "tool_call_id": "abcdefghi", "content": "4.5"}, {"role": "user", "content": "ok"}],
}
tool = {"type": "function", "function": {"name": "add", "description": "Adds <two> numbers & 'more'.", "parameters": {
    "type": "object", "properties": {"a": {"type": "number", "default": 1e-07}, "b": {"type": "number", "maximum": 1e16}},
    "required": ["a"]}}}

# Each is printed by {{ … }} with the variables below.
variables = {"s": "  Grüße, Welt!\n", "t": "a,b,,c", "n": 7, "f": 2.5, "big": 1e22, "yes": True, "no": False, "nil": None,
             "l": [3, 1, 2, 1], "w": ["b", "A", "c"], "m": {"b": 1, "a": {"x": "y'z"}}, "e": "",
             "people": [{"name": "Ann", "age": 3, "ok": True}, {"name": "bob", "age": 1}, {"name": "Cy", "age": 2, "ok": False}]}
expressions = """
s|trim; s.strip()|length; s|upper; s|lower; s|title; s.strip()|capitalize; s[2:7]; s[::-1]|trim; s[-4:-1]; s[2]
t.split(','); t.split(',', 1); t.split(',')[-1]; t.rsplit(',', 1); s.split(); t|replace(',', ';'); t.replace(',', '', 2)
t.startswith('a'); t.endswith(('x', 'c')); t.find('b'); t.count(','); t.upper() ~ 1 ~ none ~ yes; t.rstrip('c,'); 'x' in t
n + 1; n - 10; n * f; n / 2; n // 2; -n // 2; n % 3; -n % 3; n ** 2; -n; n / 7; big; f * 1e-9; 1e16 if no else 123456789.0; 0.1 + 0.2
n == 7.0; n != 7; 1 < n <= 7; yes == 1; 'a' < 'b'; l == [3, 1, 2, 1]; not n; not e; n and e; e or 'x'; yes and not no or nil
l; m; w; [none, true, 1.0, 'a', "it's"]; (1, ); ['a"b', "a'\\"b"]; {'k': [1, {'z': none}]}
l|length; l[0]; l[-1]; l[1:]; l[::-1]; l[:-1]; l[::2]; l + [9]; l * 2; '=' * n; l|first; l|last; l|min; l|max; l|sum; l|sort; l|unique|list; l|reverse|list
w|sort; w|sort(reverse=true); w|join('-'); w|map('upper')|join; l|select('odd')|list; l|reject('equalto', 1)|list; l|select('gt', 1)|list
people|map(attribute='name')|join(', '); people|selectattr('ok')|map(attribute='name')|list; people|selectattr('age', 'ge', 2)|map(attribute='name')|list
people|rejectattr('ok', 'defined')|map(attribute='name')|list; people|sort(attribute='age')|map(attribute='name')|list; people|selectattr('name', 'in', ['bob'])|list|length
m|tojson; m|tojson(indent=2); l|tojson(indent=1); s|tojson; s|tojson(ensure_ascii=true); f|tojson; nil|tojson; []|tojson(indent=4); m|tojson(separators=(',', ':')); m|tojson(sort_keys=true)
m.b; m['a'].x; m.get('q'); m.get('q', 5); m.items()|list; m.keys()|list; m.values()|list; m|items|list; m|dictsort; m|length; 'b' in m; 'q' not in m; m|list
missing is defined; missing is not defined; m.q is defined; nil is none; s is string; m is mapping; l is sequence; m is iterable; n is iterable; n is number; yes is boolean; f is float
yes is number; n is integer; yes is integer; n is odd; n is even; n is divisibleby 7; n is divisibleby(2); yes is true; no is false; n is eq 7; 'b' is in w; raise_exception is defined
missing|default('d'); e|default('d'); e|default('d', true); nil|default('d'); missing|d; (missing)|length; missing|list; '%s'|string
'7'|int; 'x'|int; '7.5'|float; 7.9|int; n|string + 'x'; f|int; -3|abs; 'a\\nb\\n\\nc'|indent(2); 'a\\nb'|indent(3, true)
'yes' if n > 3 else 'no'; 'x' if no; ('a' if no else 'b') ~ 'c'; 'a' 'b'; "tab\\tnl\\nq\\"\\x41\\u00e9"; range(3)|list; range(5, 0, -2)|list; dict(a=1, b='x')
s|trim|length > 3 and l|length == 4; 'a' ~ 1 + 2; 2 * 3 ~ 'x'; not yes is none; (n|string)[0]; n is not none and n > 3; m.a.x|upper; 3 - 2 - 1; 2 + 3 * 4; 7 in l; [1] in [[1]]
"""
snippets = [f"{{{{ {one.strip()} }}}}" for line in expressions.strip().splitlines() for one in line.split("; ")]
# Statements, scopes and white space.
snippets += [
    "{% for x in l %}{{ loop.index }}/{{ loop.length }}{{ '' if loop.last else ', ' }}{% endfor %}",
    "{% for x in l if x > 1 %}{{ x }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }};{% else %}none{% endfor %}",
    "{% for x in [] %}a{% else %}nothing{% endfor %}",
    "{% for k, v in m|items %}{{ k }}={{ v }};{% endfor %}{% for k in m %}{{ k }}{% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem if loop.nextitem is defined }} {% endfor %}",
    "{% set x = 1 %}{% for y in l %}{% set x = y %}{{ x }}{% endfor %}{{ x }}",
    "{% set ns = namespace(x=0, seen=false) %}{% for y in l %}{% set ns.x = ns.x + y %}{% endfor %}{{ ns.x }}{{ ns.seen }}{{ ns.q is defined }}",
    "{% set a, b = 1, 'two' %}{{ b }}{{ a }}{% set c = (1, 2) %}{{ c[1] }}",
    "{% set block %}in {{ n }}\n{% endset %}[{{ block }}]",
    "{% macro hail(who, mark='!') %}Hi {{ who }}{{ mark }}{% endmacro %}{{ hail('A') }}{{ hail('B', mark='?') }}{{ hail(who='C')|upper }}",
    "{% macro count(k) %}{% if k > 0 %}{{ k }}{{ count(k - 1) }}{% endif %}{% endmacro %}{{ count(5) }}",
    "{% for x in range(9) %}{% if x == 2 %}{% continue %}{% endif %}{% if x > 4 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% if no %}a{% elif n == 7 %}b{% else %}c{% endif %}{% if nil is none and not missing %}d{% endif %}",
    "a\n  {% if yes %}\n  b\n  {% endif %}\n  {# note #}\nc {{ n }}\n  {{ n }}\n",
    "a \n {%- if yes -%} \n b \n {%- endif %} \n c {{- n -}} \n d {#- note -#} e",
    "a\n  {%+ if yes %}\n  b{% endif +%}\nc\n\n",
    "  {% if yes %}x{% endif %}\n\n  {%- for i in l %}\n    {{- i }}\n  {%- endfor %}\n",
    "{% raw %}{{ not }} {% this %}{% endraw %} {{ '{{' }} {% raw -%}\n x {%- endraw %}\n y",
    "{{ '}}' }}{{ {'a': {'b': 1}}['a'] }}{{ \"%}\" }}",
    "x\r\ny\r{{ n }}\r\n",
    "{%- for x in [1, 2] -%}\n{{ x }}\n{%- if not loop.last %}\n,\n{% endif %}{%- endfor -%}\n",
    "{% generation %}inside{% endgeneration %}",
    "{{ '' }}{% for a in [[1, 2], [3, 4]] %}{% for b in a %}{{ b }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for (a, b) in [[1, 2]] %}{{ a }}{{ b }}{% endfor %}{{ loop is defined }}",
]


def render(template, values):
    try:
        return {"expected": _compile_jinja_template(template).render(**values)}
    except Exception as error:  # the test asks only that we refuse as well
        return {"refused": type(error).__name__}


cases = []
for name, template in templates.items():
    for title, messages in conversations.items():
        for extra in ({"add_generation_prompt": True}, {"add_generation_prompt": False, "enable_thinking": False},
                      {"add_generation_prompt": True, "tools": [tool], "date_string": "01 Jan 2025"}):
            values = {"messages": messages, "bos_token": "<s>", "eos_token": "</s>", **extra}
            cases.append({"template": name, "name": f"{name}: {title}, {len(cases)}", "variables": values,
                          **render(template, values)})
small = [{"source": source, **render(source, variables)} for source in snippets]
refused = [case.get("source") or case["name"] for case in small + cases if "refused" in case]
print(len(cases), "conversations,", len(small), "snippets; refused:", *refused, sep="\n")
(here / "chat_templates.json").write_text(json.dumps(
    {"templates": templates, "conversations": cases, "variables": variables, "snippets": small},
    ensure_ascii=False, indent=0) + "\n")
