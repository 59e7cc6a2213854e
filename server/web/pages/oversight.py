"""Pages for those who answer for the office: events, views of clear data, settings in force."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from pydantic import SecretStr
from werkzeug.wrappers import Response

from server import config
from server.domain.roles import Action
from server.domain.views import TimelineEvent
from server.office import Office
from server.services import audit, units
from server.services.sheets import Cell
from server.store.events import EventFilter
from server.web.access import current_actor, current_office, needs
from server.web.pages import lists, saying, sentences

blueprint = Blueprint("oversight", __name__)

PAGE = 100
FILE_PAGE = 200
MAX_NAME = 128
COLUMNS = ("序号", "时间", "事件", "说明", "操作人", "警情编号", "接警单", "单元")
_CREDENTIALS = re.compile(r"://[^/]*@")
_SOURCES = {"default": "默认", "file": "设置文件", "environment": "环境变量"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting in force; ``source`` says where it comes from."""

    table: str
    key: str
    value: str
    source: str
    description: str


@blueprint.get("/console/audit")
@needs(Action.READ_AUDIT)
def events() -> str | Response:
    """Every event of the office, newest first, by kind, person and day; as a file too."""
    office = current_office()
    names = saying.Names(
        units={unit.id: unit.name for unit in units.unit_views(office, current_actor())}
    )
    if lists.wants_file():
        return _as_file(office, names)
    page = audit.event_page(office, _filter(), after=request.args.get("after"), limit=PAGE)
    told = [(event, sentences.tell(event, names)) for event in page.items]
    return render_template("audit.html", told=told, next=page.next, kinds=sentences.KINDS)


@blueprint.get("/console/audit/views")
@needs(Action.READ_AUDIT)
def traces() -> str:
    """Who saw a caller's clear data or took a list away, and when."""
    page = audit.trace_page(
        current_office(),
        who=_name("who"),
        after=request.args.get("after"),
        limit=PAGE,
    )
    return render_template("audit_views.html", traces=page.items, next=page.next)


@blueprint.get("/console/settings")
@needs(Action.SEE_SETTINGS)
def settings() -> str:
    """Every setting in force and where it comes from; secrets are never shown."""
    office = current_office()
    return render_template(
        "settings.html",
        settings=tuple(in_force(office)),
        file=config.SETTINGS_FILE,
        sources=_SOURCES,
    )


def in_force(office: Office) -> Iterator[Setting]:
    """Values as the office was opened with; the sources are read anew."""
    where = config.sources(office.home)
    for table, key, description, _default in config.known_keys():
        value = getattr(getattr(office.settings, table), key)
        source = where.get((table, key), "default")
        yield Setting(table, key, _shown(value), source, description)


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "（已设置，不显示）" if value.get_secret_value() else "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if value in ("", None, (), []):
        return "（空）"
    return _CREDENTIALS.sub("://（不显示）@", str(value))


def _name(field: str) -> str | None:
    return request.args.get(field, "").strip()[:MAX_NAME] or None


def _filter() -> EventFilter:
    return EventFilter(
        kind=lists.asked("kind", sentences.KINDS) or None,
        actor=_name("actor"),
        since=lists.day_start("since"),
        until=lists.day_end("until"),
    )


def _as_file(office: Office, names: saying.Names) -> Response:
    wanted = _filter()

    def rows(after: str | None) -> tuple[Sequence[Sequence[Cell]], str | None]:
        page = audit.event_page(office, wanted, after=after, limit=FILE_PAGE)
        return [_row(event, names) for event in page.items], page.next

    return lists.as_file("事件", COLUMNS, lists.every_page(rows, columns=len(COLUMNS)))


def _row(event: TimelineEvent, names: saying.Names) -> Sequence[Cell]:
    return (
        event.id,
        lists.local(event.at),
        event.kind,
        sentences.tell(event, names).text,
        event.actor,
        event.case_id,
        event.report_id,
        event.unit_id,
    )
