"""The pages in a second language: Chinese is the source, English comes from a catalogue.

Templates are written in plain Chinese. When Jinja reads one, every run of Chinese in its text and
in its string literals becomes a call of ``_``, so no page has to mark its words and a new page is
translatable as it stands. Catalogues are ``translations/LANG.po`` files, read once when first
needed: no build step. What a catalogue lacks is shown in Chinese.

What Python has put together ("派顺达一组，约3分到") is translated where a template shows it, by the
entries of the context ``sentence``: their ``{places}`` stand for anything and are translated in
turn, ``{n…}`` for a number. People's data go through the filter ``data`` and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from flask import Flask, g, request
from flask_babel import Babel, get_locale
from jinja2 import pass_context
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from markupsafe import escape

LANGUAGES = {"zh": "中文", "en": "English"}
COOKIE = "xn_lang"
FOLDER = Path(__file__).parent / "translations"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}][{_HAN}0-9A-Za-z、，。：；！？（）“”·—…+%]*")
_ANY = re.compile(rf"[{_HAN}]")
SCRIPTS = Path(__file__).parent / "static" / "js"
_LITERAL = re.compile(r'"([^"\n]*)"')
_COMMENT = re.compile(r"/\*.*?\*/|(?:^|\s)//\s[^\n]*", re.DOTALL | re.MULTILINE)
_PLACE = re.compile(r"\{(\w+)\}")
_SENTENCE = "sentence"
_DEEPEST = 4
_QUIET = frozenset({"extends", "include", "import", "from"})


class ChineseRuns(Extension):
    """Sends every Chinese run of a template through ``_`` while it is read."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        quiet = False
        for token in stream:
            if token.type == "block_begin":
                quiet = stream.current.value in _QUIET
            elif token.type == "block_end":
                quiet = False
            if token.type == "data":
                yield from _of_data(token)
            elif token.type == "string" and not quiet and _RUN.search(token.value):
                yield from _call(token.lineno, token.value)
            else:
                yield token


def register(app: Flask) -> None:
    """Chinese unless the person's cookie says otherwise."""
    Babel(app, default_locale="zh", locale_selector=language)
    app.jinja_env.add_extension(ChineseRuns)
    app.jinja_env.globals["_"] = translate
    app.jinja_env.globals["script_words"] = lambda: script_words(language())
    app.jinja_env.filters["data"] = escape
    app.jinja_env.finalize = _shown


def language() -> str:
    """The language of this request; unknown ones mean Chinese."""
    said = request.cookies.get(COOKIE, "zh")
    return said if said in LANGUAGES else "zh"


def translate(text: str) -> str:
    """A Chinese text in the language of this request, or as it is where the catalogue lacks it."""
    if "language" not in g:
        g.language = str(get_locale() or "zh")
    if g.language == "zh":
        return text
    return _said(g.language, text)


@pass_context
def _shown(_context: Context, value: object) -> object:
    """Whatever a template shows; markup is left alone, so escaped data are."""
    if type(value) is not str or not _ANY.search(value):
        return value
    return translate(value)


@lru_cache(maxsize=4096)
def _said(name: str, text: str, depth: int = 0) -> str:
    exact = catalogue(name).get(text.strip())
    if exact is not None or depth >= _DEEPEST:
        return text if exact is None else exact
    for pattern, filled in _sentences(name):
        found = pattern.fullmatch(text.strip())
        if found:
            parts = {
                key: _said(name, part, depth + 1) if _ANY.search(part) else part
                for key, part in found.groupdict().items()
            }
            return filled.format(**parts)
    return text


@cache
def _sentences(name: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns with what they become, those with most words of their own first."""
    told = [(str(m.id), str(m.string)) for m in _entries(name) if m.context == _SENTENCE]
    told.sort(key=lambda pair: -len(_PLACE.sub("", pair[0])))
    return tuple((_pattern(chinese), english) for chinese, english in told)


def _pattern(chinese: str) -> re.Pattern[str]:
    pieces = _PLACE.split(chinese)
    made = [
        re.escape(piece)
        if index % 2 == 0
        else f"(?P<{piece}>{r'[+-]?[0-9][0-9.,:]*' if piece.startswith('n') else '.*?'})"
        for index, piece in enumerate(pieces)
    ]
    return re.compile("".join(made))


def translated(word: Callable[[str], str]) -> Callable[[str], str]:
    """A filter that gives Chinese words, in the language of the request."""
    return lambda key: translate(word(key))


@cache
def catalogue(name: str) -> dict[str, str]:
    """Chinese → the other language, of ``translations/NAME.po``."""
    return {str(m.id): str(m.string) for m in _entries(name) if m.context != _SENTENCE}


@cache
def _entries(name: str) -> tuple[Message, ...]:
    path = FOLDER / f"{name}.po"
    if name not in LANGUAGES or not path.is_file():
        return ()
    with path.open("rb") as file:
        return tuple(entry for entry in read_po(file) if entry.id and entry.string)


@cache
def script_words(name: str) -> dict[str, str]:
    """What the pages' scripts write themselves, by its Chinese; what they carry in English."""
    known = catalogue(name)
    return {said: known[said] for said in chinese_of_scripts() if said in known}


@cache
def chinese_of_scripts() -> tuple[str, ...]:
    """Every Chinese string literal of the scripts, comments left out."""
    found: set[str] = set()
    for path in sorted(SCRIPTS.rglob("*.js")):
        bare = _COMMENT.sub("", path.read_text("utf-8"))
        found |= {said for said in _LITERAL.findall(bare) if _ANY.search(said)}
    return tuple(sorted(found))


def runs(source: str) -> set[str]:
    """Every Chinese run of a template's source, as the catalogue must name it."""
    return {found.group(0) for found in _RUN.finditer(source)}


def _of_data(token: Token) -> Iterator[Token]:
    """Text cut into plain pieces and calls."""
    last = 0
    for found in _RUN.finditer(token.value):
        if found.start() > last:
            yield Token(token.lineno, "data", token.value[last : found.start()])
        yield Token(token.lineno, "variable_begin", "{{")
        yield from _call(token.lineno, found.group(0))
        yield Token(token.lineno, "variable_end", "}}")
        last = found.end()
    if last < len(token.value):
        yield Token(token.lineno, "data", token.value[last:])


def _call(line: int, text: str) -> Iterator[Token]:
    yield Token(line, "name", "_")
    yield Token(line, "lparen", "(")
    yield Token(line, "string", text)
    yield Token(line, "rparen", ")")
