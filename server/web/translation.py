"""The pages in a second language: Chinese is the source, English comes from a catalogue.

Templates are written in plain Chinese. When Jinja reads one, every run of Chinese in its text and
in its string literals becomes a call of ``_``, so no page has to mark its words and a new page is
translatable as it stands. Catalogues are ``translations/LANG.po`` files, read once when first
needed: no build step. What a catalogue lacks is shown in Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from flask import Flask, g, request
from flask_babel import Babel, get_locale
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

LANGUAGES = {"zh": "中文", "en": "English"}
COOKIE = "xn_lang"
FOLDER = Path(__file__).parent / "translations"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}][{_HAN}0-9A-Za-z、，。：；！？（）“”·—…+%]*")
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
    return catalogue(g.language).get(text.strip(), text)


def translated(word: Callable[[str], str]) -> Callable[[str], str]:
    """A filter that gives Chinese words, in the language of the request."""
    return lambda key: translate(word(key))


@cache
def catalogue(name: str) -> dict[str, str]:
    """Chinese → the other language, of ``translations/NAME.po``."""
    path = FOLDER / f"{name}.po"
    if name not in LANGUAGES or not path.is_file():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}


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
