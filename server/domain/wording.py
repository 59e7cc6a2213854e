"""The style a report is worded in, by marks on its surface: to see whether diversion treats them
alike. Never an input of a decision."""

from __future__ import annotations

import re

SHORT_CHARS = 15
_THIRD = re.compile(
    "(报警人|来电人|报案人|求助人|反映人|群众|该人|当事人|其)(称|说|反映|报|表示|自称)"
)
_DIALECT = re.compile(
    "侬|阿拉|伊拉|伲|弗来|勿要|晓得伐|俺|咋整|咋办|咋个|啥子|啷个|莫得|搞么子|么得|"
    "嘅|佢|冇|唔|咁|乜|恁|中不中|得劲|埋汰|嘎哈|整啥|噶|伐啦|晓不得|娃儿|老汉儿|堂客"
)
PLAIN, SHORT, THIRD, DIALECT = "plain", "short", "third_person", "dialect"


def style_of(text: str) -> str:
    """One of ``dialect``, ``short``, ``third_person``, ``plain``; the first that fits."""
    if _DIALECT.search(text):
        return DIALECT
    if sum(char.isalnum() for char in text) < SHORT_CHARS:
        return SHORT
    return THIRD if _THIRD.search(text) else PLAIN
