"""What the pages of lists share: times in the address, files to take away, kept questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, stream_with_context
from werkzeug.wrappers import Response as AnyResponse

from server.domain.roles import Action
from server.services import searching, sheets
from server.services.sheets import Cell
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms
from server.web.pages.notices import then_back

blueprint = Blueprint("lists", __name__)

MAX_EXPORT = 20_000
"""Rows of one file; the file's last row says so when there are more."""


def asked(name: str, known: Iterable[str]) -> str:
    """A member of the address's query, or nothing when its value is not a known one."""
    value = request.args.get(name, "")
    return value if value in known else ""


def day_start(name: str) -> datetime | None:
    """Local midnight of a day in the address (``2026-07-01``); None when it names none."""
    day = _day(request.args.get(name, ""))
    return datetime.combine(day, time(), zone()) if day else None


def day_end(name: str) -> datetime | None:
    """Local midnight after a day in the address: the end of ``[since, until)``."""
    day = _day(request.args.get(name, ""))
    return datetime.combine(day + timedelta(days=1), time(), zone()) if day else None


def zone() -> ZoneInfo:
    return ZoneInfo(current_office().settings.district.time_zone)


def local(at: datetime | None) -> str:
    """``2026-07-01 16:00:03`` in local time, for files."""
    return at.astimezone(zone()).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def as_file(name: str, heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The list as ``?as=csv`` or ``?as=xlsx``."""
    day = current_office().clock().astimezone(zone()).strftime("%Y%m%d")
    if request.args.get("as") == "xlsx":
        made = Response(sheets.as_xlsx([(name, heading, rows)]), content_type=sheets.XLSX)
        return attached(made, f"{name}-{day}.xlsx")
    told = stream_with_context(sheets.as_csv(heading, rows))
    return attached(Response(told, content_type=sheets.CSV), f"{name}-{day}.csv")


def attached(answer: Response, name: str) -> Response:
    """Saved under a Chinese name by the browser (RFC 6266)."""
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def wants_file() -> bool:
    return request.args.get("as") in {"csv", "xlsx"}


def every_page(
    page: Callable[[str | None], tuple[Sequence[Sequence[Cell]], str | None]], columns: int
) -> Iterable[Sequence[Cell]]:
    """All pages one after another, at most ``MAX_EXPORT`` rows; the end says when it was cut."""
    after, count = None, 0
    while True:
        rows, after = page(after)
        yield from rows
        count += len(rows)
        if after is None:
            return
        if count >= MAX_EXPORT:
            yield [f"仅导出前{count}条，请缩小筛选范围", *[""] * (columns - 1)]
            return


@blueprint.post("/console/views")
@needs(Action.SEE_CONSOLE)
def keep() -> AnyResponse:
    """Keep the filters of a list under a name."""
    page = forms.text("page") or ""
    query = forms.text("query") or ""

    def act() -> str:
        name = forms.text("name") or ""
        searching.keep(current_office(), current_actor(), page=page, name=name, query=query)
        return f"已保存视图“{name}”。"

    return then_back(act, forms.back("/console"))


@blueprint.post("/console/views/<int:number>/remove")
@needs(Action.SEE_CONSOLE)
def forget(number: int) -> AnyResponse:
    """Forget a kept question of one's own."""

    def act() -> str:
        searching.forget(current_office(), current_actor(), number)
        return "已删除保存的视图。"

    return then_back(act, forms.back("/console"))


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None
