"""Parsing YAML and JSON, its limits, and the lines of values and errors."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ims_mock.contract.values import MAX_TEXT
from ims_mock.loading.parser import MAX_BYTES, MAX_DEPTH, CatalogText, ParseError, dumps


def parsed(text, *, is_json=False):
    return CatalogText(text if isinstance(text, bytes) else text.encode(), is_json).parse().value


def error_of(text, *, is_json=False):
    with pytest.raises(ParseError) as caught:
        parsed(text, is_json=is_json)
    return caught.value.line, str(caught.value)


TOO_DEEP = f"values are nested deeper than {MAX_DEPTH} levels"
AS_WRITTEN = (
    "1.10", "0123", "0o17", "0x1F", "0b11", "1_000", "1e3", "1E400", "+1", "-0", ".5", ".inf", "-.inf", ".nan",
    "true", "True", "false", "yes", "no", "on", "off", "y", "n", "nUll", "none", "None", "nil",
    "2018-09-06", "2018-09-06T14:03:27Z", "12:30:45", "=", "<<", "9223372036854775808", "1.", "镜像", "a b",
)  # fmt: skip


def test_yaml_is_parsed_without_libyaml():
    program = """if True:
        import yaml
        del yaml.CSafeLoader, yaml.CSafeDumper
        from ims_mock.loading.parser import CatalogText, dumps
        print(CatalogText(dumps({"a": ["1.10", None]}, is_json=False).encode(), is_json=False).parse().value)
        CatalogText(b"a: !!python/name:os.system 1", is_json=False).parse()"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "{'a': ['1.10', None]}\n"
    assert "ParseError: the tag" in done.stderr


MERGED = {
    "{<<: *x}": {"a": "1", "b": "2"},
    "{<<: *x, d: 5}": {"a": "1", "b": "2", "d": "5"},
    "{a: 0, <<: *x}": {"a": "0", "b": "2"},
    "{<<: *x, a: null}": {"a": None, "b": "2"},
    "{<<: [*x, *y]}": {"a": "1", "b": "2", "c": "4"},
    "{<<: [*y, *x], c: 0}": {"a": "1", "b": "3", "c": "0"},
    "{<<: {<<: *x, a: 7}, b: 8}": {"a": "7", "b": "8"},
    "{'<<': 1}": {"<<": "1"},
}
X, Y = {"a": "1", "b": "2"}, {"b": "3", "c": "4"}
YAML_STRUCTURES = [
    ("", None),
    ("# nothing\n# but comments\n", None),
    ("null", None),
    ("{}", {}),
    ("text", "text"),
    ("- a\n- [b, {c: d}]", ["a", ["b", {"c": "d"}]]),
    ("{a, b: 1}", {"a": None, "b": "1"}),
    ("'': 1\n0123: 2\ntrue: 3", {"": "1", "0123": "2", "true": "3"}),
    ("!!map {a: !!seq [!!int 0123]}", {"a": ["0123"]}),
    (b"\xef\xbb\xbfa: 1", {"a": "1"}),
    (b"\xef\xbb\xbf", None),
    (b"a: 1\r\nb: |\r\n  x\r\n  y\r\n", {"a": "1", "b": "x\ny\n"}),
    # scalars stay as written; only a plain null is None
    *((f"a: {written}\n", {"a": written}) for written in AS_WRITTEN),
    *((f"[{written}]", [written]) for written in AS_WRITTEN),
    *((f"a: {null}\nb: 1", {"a": None, "b": "1"}) for null in ("", "~", "null", "Null", "NULL", "  # a comment")),
    *((f"a: {tag}{text}", {"a": text}) for tag in ("!!str ", "! ") for text in ("null", "~", "", "true")),
    *((f"a: {quote}{text}{quote}", {"a": text}) for quote in "\"'" for text in ("null", "~", "", "true")),
    # an alias repeats its anchor; own keys override merged ones and do not change them
    ("a: &x 1\nb: &x 2\nc: *x", {"a": "1", "b": "2", "c": "2"}),
    ("a: &x [1, {b: 2}]\nc: *x", {"a": ["1", {"b": "2"}], "c": ["1", {"b": "2"}]}),
    ("a: &x\nb: *x", {"a": None, "b": None}),
    ("? &k key\n: 1\nb: *k", {"key": "1", "b": "key"}),
    *(
        (f"x: &x {{a: 1, b: 2}}\ny: &y {{b: 3, c: 4}}\nz: {written}\nlast: *x", {"x": X, "y": Y, "z": value, "last": X})
        for written, value in MERGED.items()
    ),
    # a few directives, and values with percent signs
    ("%YAML 1.1\n" + "".join(f"%TAG !{one}! e:\n" for one in "abcdefghi") + "---\n" + "- '%x'\n" * 20, ["%x"] * 20),
]
JSON_NUMBERS = ("1.10", "1e400", "-0", "9223372036854775808")
JSON_STRUCTURES = [
    ("{}", {}),
    (" [1, [2]]\r\n", ["1", ["2"]]),
    ("null", None),
    ('"x"', "x"),
    (b'\xef\xbb\xbf{"a":\t1}', {"a": "1"}),
    ('{"": 1, "<<": {"a": 2}, "null": 3}', {"": "1", "<<": {"a": "2"}, "null": "3"}),
    *((f'{{"a": {one}, "b": [{one}]}}', {"a": one, "b": [one]}) for one in JSON_NUMBERS),
    ('[true, false, null, "null", "true"]', [True, False, None, "null", "true"]),
    ('{"a": "\\ud83d\\ude80 a\\/b\\t\\u0000"}', {"a": "🚀 a/b\t\0"}),
]


@pytest.mark.parametrize(
    ("is_json", "text", "value"),
    [*((False, *row) for row in YAML_STRUCTURES), *((True, *row) for row in JSON_STRUCTURES)],
)
def test_text_is_parsed_to_plain_values(is_json, text, value):
    assert parsed(text, is_json=is_json) == value


INVALID_YAML = {
    "a tab that indents": ("a:\n\tb: 1", 2, "character that cannot start any token"),
    "an open mapping": ("\n{a: 1\n", 3, "expected ',' or '}'"),
    "an open quote": ("a: 1\nb: 'x\n", 3, "end of stream"),
    "a mapping beside a list": ("- a\nb: 1", 2, "not YAML"),
    "half an escaped character": ('\na: "\\ud800"', 2, "invalid Unicode character escape"),
    "a repeated key": ("a: 1\nb: 2\na: 3", 3, "the key 'a' is repeated"),
    "a repeated key inside": ("x:\n  a: 1\n  b:\n    a: 2\n  a: 3\na: 4", 5, "the key 'a' is repeated"),
    "a repeated key, once in quotes": ('a: 1\n"a": 3', 2, "the key 'a' is repeated"),
    "a repeated key by alias": ("? &k key\n: 1\n*k : 2", 3, "the key 'key' is repeated"),
    "a list as key": ("a: 1\n? [1]\n: 2", 2, "a key is a list or mapping"),
    "a mapping as key": ("? {a: 1}\n: 2", 1, "a key is a list or mapping"),
    "nothing as key": ("a: 1\n~: 2", 2, "a key is null"),
    "an unknown alias": ("a: 1\nb: *x", 2, "the alias 'x' has no anchor before it"),
    "an alias of itself": ("a: &x [*x]", 1, "the alias 'x' has no anchor before it"),
    "a merged text": ("a: 1\nb: {<<: 1}", 2, "<< is not followed by a mapping"),
    "a merged list of texts": ("a: 1\nb:\n  <<: [1]", 3, "<< is not followed by a mapping"),
    "two merge keys": ("x: &x {}\nb:\n  <<: *x\n  <<: *x", 4, "the key '<<' is repeated"),
    "a second document": ("a: 1\n---\nb: 2", 2, "a second document begins"),
    "text after the end": ("a: 1\n...\nb", 3, "expected <document start>"),
    "not UTF-8": (b"a: 1\nb: \xe9", 2, "the byte 0xe9 is not UTF-8"),
    "a surrogate in UTF-8": (b"a: \xed\xa0\x80", 1, "the byte 0xed is not UTF-8"),
    "UTF-16 with a mark": ("a: 1".encode("utf-16"), 1, "is not UTF-8"),
    "an archive": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", 1, "is not UTF-8"),
    "a NUL in quotes": ("é: 1\né2: 1\nb: 'x\0'", 3, "control characters are not allowed"),
    "a non-character": ("\na: \ufffe", 2, "control characters are not allowed"),
    "an object of Python": ("a: 1\nb: !!python/object:os.system {}", 2, "object:os.system' is not allowed in catalogs"),
    "a call of Python": ("!!python/object/apply:os.system ['true']", 1, "is not allowed in catalogs"),
    "a tag of one's own": ("a: 1\nb: !mine 1", 2, "the tag '!mine' is not allowed in catalogs"),
    "a declared tag": ("%TAG !e! tag:example.org,2000:\n---\na: !e!x 1", 3, "'tag:example.org,2000:x' is not"),
    "binary data": ("a: !!binary aGk=", 1, "is not allowed in catalogs"),
    "a long tag": (f"a: !{'x' * 10_000} 1", 1, "(10001 characters) is not allowed in catalogs"),
    "many directives": ("%TAG !e! e:\n" * 20 + "---\na: 1", 11, "more than 10 lines begin with %"),
    "many directives after other line ends": ("%X\r%X\x85%X\u2028%X\u2029" * 3 + "---\na: 1", 1, "more than 10 lines"),
    "many directives of a second document": ("a: 1\n...\n" + "%TAG !e! e:\n" * 11, 13, "more than 10 lines"),
}


INVALID_JSON = {
    "an empty file": ("", 1, "not JSON"),
    "a comment": ('{"a": 1 // one\n}', 1, "not JSON"),
    "a comma before a bracket": ('{"a": 1,\n"b": [1,],\n"c": 1}', 2, "not JSON"),
    "a leading zero": ('{"a":\n0123}', 2, "not JSON"),
    "an open brace": ('{\n"a": [1,\n', 3, "not JSON"),
    "something after the end": ('{"a": 1}\nx', 2, "not JSON"),
    "a tab in a text": ('{\n"a": "\t"}', 2, "not JSON: Invalid control character at column 7"),
    "NaN": ('{"a": 1,\n"b": NaN}', 2, "not JSON: NaN is not a value, at column 6"),
    "NaN after the text NaN": ('{"NaN": "a \\" NaN",\n"b": [\nNaN]}', 3, "NaN is not a value, at column 1"),
    "-Infinity": ("[1,\n -Infinity]", 2, "-Infinity is not a value, at column 2"),
    "more after NaN": ('{"images": [{"name": "a"},\n NaNx]}', 2, "not JSON: Expecting ',' delimiter at column 5"),
    "more after -Infinity": ("[\n-InfinityX]", 2, "not JSON: Expecting ',' delimiter at column 10"),
    "a comment after NaN": ("NaN/*c*/", 1, "not JSON: Extra data at column 4"),
    "a long key, repeated": (f'{{"{"x" * 999}": 1,\n"{"x" * 999}": 1}}', 2, "(999 characters) is repeated"),
    "a repeated key": ('{"a": 1,\n"b": 2,\n"a": 3}', 3, "the key 'a' is repeated"),
    "a repeated key that stands elsewhere too": (
        '{"images": [\n{"name": "x"},\n{"name": "y"},\n{"name": "z",\n"min_disk": 1,\n"name": "z"}]}',
        6, "the key 'name' is repeated",
    ),
    "a repeated key, once escaped": ('{"\\u0061": 1,\n"a": 2}', 2, "the key 'a' is repeated"),
    "a repeated key that a text looks like": (
        '{"a": "\\"a\\": 1",\n"b": "\\\\u1234",\n\n"a": 2}', 4, "the key 'a' is repeated",
    ),
    "an escaped Chinese key given twice": ('{"\\u540d": 1,\n"\\u540e": 1,\n"\\u540d": 2}', 3, "'名' is repeated"),
    "a repeated key after values of all types": (
        '{"a": [1, -2.5e3, true, null, {}, [], "x,]}", {"b": []}],\n"c": [{}, {"d": {\n"e": "\\"", "f": 0,\n"e": 1}}]}',
        4, "the key 'e' is repeated",
    ),
    "more problems than one": ('{"a": [{"b": 1, "b": 2},\nNaN], "a": 3}', 2, "the key 'a' is repeated"),
    "not UTF-8": (b'{"a": 1,\n"b": "\xff"}', 2, "the byte 0xff is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("is_json", "case"), [*((False, case) for case in INVALID_YAML), *((True, case) for case in INVALID_JSON)]
)
def test_invalid_text_is_reported_with_its_line(is_json, case):
    text, line, words = (INVALID_JSON if is_json else INVALID_YAML)[case]
    found, message = error_of(text, is_json=is_json)
    assert (found, words in message) == (line, True), message


@pytest.mark.parametrize("is_json", [False, True], ids=["yaml", "json"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")], ids=["lists", "mappings"])
def test_nesting_is_limited(is_json, opening, closing):
    def nested(depth):
        return "\n".join([opening] * depth) + ("1" if closing == "}" else "") + closing * depth

    assert CatalogText(nested(MAX_DEPTH).encode(), is_json).parse().value is not None
    for depth in (MAX_DEPTH + 1, 400, 50_000):
        assert error_of(nested(depth), is_json=is_json) == (MAX_DEPTH + 1, TOO_DEEP)


@pytest.mark.parametrize("opening", ["- ", "[", "{a: ", "[{a: "])
def test_deep_nesting_is_rejected_before_it_ends(opening):
    assert error_of(opening * 200_000) == (1, TOO_DEEP)


def test_size_of_files_is_limited():
    assert error_of(bytes(MAX_BYTES + 1)) == (1, f"the file is larger than {MAX_BYTES} bytes")


BOMBS = {
    "lists": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)),
    "mappings": "a0: &a0 {a: x}\n"
    + "\n".join(f"a{n}: &a{n} {{a: *a{n - 1}, b: *a{n - 1}, c: *a{n - 1}}}" for n in range(1, 40)),
    "merges": f"a: &a {{{', '.join(f'k{n}: x' for n in range(2000))}}}\n"
    + "\n".join(f"b{n}: {{<<: *a}}" for n in range(2000)),
    "flat": f"a: &a [{', '.join('x' * 2000)}]\nb: [{', '.join(['*a'] * 2000)}]",
    "long texts": f"a: &a {'x' * MAX_TEXT}\nb:\n" + "- *a\n" * 80_000,
    "long keys": f"a: &a {{{'x' * 1000}: 1}}\nb:\n" + "- *a\n" * 80_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_growth_by_aliases_is_limited(bomb):
    line, message = error_of(BOMBS[bomb])
    assert "aliases make the document more than" in message
    assert line > 1


def test_the_attributes_of_an_ordinary_image_may_be_merged_into_any_number():
    attributes = {f"attribute_{number}": "x" * 40 for number in range(12)}
    text = f"a: &a {json.dumps(attributes)}\nall:\n" + f"- {{<<: *a, id: {'x' * 36}}}\n" * 5000
    assert parsed(text)["all"] == [{**attributes, "id": "x" * 36}] * 5000


def test_yaml_lines_are_those_of_keys_and_items():
    text = "# first\nproject: p\nimages:\n  - id: a\n\n    tags: [x,\n      y]\n  -\n    id: b\n    name: |\n      z\n"
    lines = {
        (): 2, ("project",): 2, ("images",): 3,
        ("images", 0): 4, ("images", 0, "id"): 4, ("images", 0, "tags"): 6,
        ("images", 0, "tags", 0): 6, ("images", 0, "tags", 1): 7,
        ("images", 1): 9, ("images", 1, "id"): 9, ("images", 1, "name"): 10,
        ("images", 1, "owner"): 9, ("credentials", "keys"): 2,  # those of the values around them
    }  # fmt: skip
    line_of = CatalogText(text.encode(), is_json=False).parse().line_of
    assert {path: line_of(path) for path in lines} == lines


ODD_JSON = {
    "tabs": '{\n\t"a":\t[\n\t\t{"x":\t1},\n{"last": 1}]}',
    "escapes": '{\n"a": [\n{"\\u540d": "\\u955c", "\\u540e": "\\"\\\\\\/\\b\\f\\n\\r\\t"},\n{"last": 1}]}',
    "pairs of escapes": '{\n"a": [\n{"x": "\\ud83d\\uDE80", "y": "\\uD83D\\ude81"},\n{"last": 1}]}',
    "half characters": '{\n"a": [\n{"x": "\\ud83d", "y": "\\ude80\\ud83d"},\n{"last": 1}]}',
    "backslashes": '{\n"a": [\n{"x": "C:\\\\udead", "y": "\\\\\\\\u12345"},\n{"last": 1}]}',
    "characters that YAML forbids": '{\n"a": [\n{"x": "\x7f\x80\ufeff\ufffe\uffff"},\n{"last": 1}]}',
    "characters that YAML breaks lines at": '{\n"a": [\n{"x": "\x85\u2028\u2029"},\n{"last": 1}]}',
    "keys that YAML knows": '{\n"a": [\n{"<<": 1, "null": 2, "~": 3, "": 4, "=": 5},\n{"last": 1}]}',
    "Windows line ends": '{\r\n"a": [\r\n{"x": 1},\r\n{"last": 1}]}',
    "a byte order mark": '\ufeff{\n"a": [\n{"x": 1},\n{"last": 1}]}',
    "no space anywhere": '{\n"a":[\n{"x":"1","y":[],"z":{}},\n{"last":1}]}',
}


@pytest.mark.parametrize("case", ODD_JSON)
def test_json_lines_are_exact_for_unusual_texts(case):
    document = CatalogText(ODD_JSON[case].encode(), is_json=True).parse()
    assert document.value["a"][1] == {"last": "1"}
    lines = {("a", 0): 3, ("a", 1): 4, ("a", 1, "last"): 4, ("a", 1, "missing"): 4, ("missing", 0): 1}
    assert {path: document.line_of(path) for path in lines} == lines


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [*AS_WRITTEN, "", "null", "~", "- a", "a: b", "#", "&a", "*a", "!!str", " a ", "\n", "\r\n", "\t", "\x85", "\u2028"]
)
VALUES = st.recursive(
    TEXTS | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)
CATALOGS = st.dictionaries(TEXTS | st.just("images"), VALUES, max_size=5)


@pytest.mark.parametrize("is_json", [False, True], ids=["yaml", "json"])
@settings(max_examples=50, deadline=None)
@given(catalog=CATALOGS)
def test_dumped_text_parses_to_the_same_values(is_json, catalog):
    text = dumps(catalog, is_json=is_json)
    assert CatalogText(text.encode(), is_json).parse().value == catalog


@settings(max_examples=40, deadline=None)
@given(catalog=CATALOGS)
def test_json_line_of_a_key_is_exact_for_any_values_before_it(catalog):
    data = json.dumps({**catalog, "last": None}, indent=0).encode()
    assert CatalogText(data, is_json=True).parse().line_of(("last",)) == data.count(b"\n")


@pytest.mark.parametrize("is_json", [False, True], ids=["yaml", "json"])
@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=200) | st.text("[]{}:,-?&*!|>'\"%@`#<~=.\n\t aé0\\ux", max_size=40).map(str.encode))
def test_any_bytes_are_parsed_or_rejected(is_json, data):
    try:
        CatalogText(data, is_json).parse()
    except ParseError as error:
        assert 1 <= error.line <= len(data) + 1  # noqa: PT017 - parsing may succeed
