"""The one list of the console's pages; the menu, the key page and the tests all read it.

How to add a page, in four steps:

1. A view in a module of ``server/web/pages/`` with its own blueprint, registered in ``site.py``::

       @blueprint.get("/console/devices")
       @needs(Action.READ_UNITS)
       def devices() -> str:
           return render_template("devices.html", rows=…, next=…)

2. One line in ``ENTRIES`` below: title, address, action needed, group. Whoever lacks the action
   does not see the entry; whoever opens the address all the same gets the no-permission page.

3. A template that fills ``console_base.html``::

       {% extends "console_base.html" %}
       {% import "_kit.html" as kit with context %}
       {% block title %}设备 · {{ place_name }}{% endblock %}
       {% block content %}
       {% call kit.page_head("设备", "谁带着、何时说话") %}<a class="button" …>…</a>{% endcall %}
       {% call kit.filters() %}<label>…<select name="kind">…</select></label>{% endcall %}
       {% if rows %}
       {% call kit.table("设备清单", ["编号", "单元", ("电量", "num")]) %}
       {% for row in rows %}<tr><td>…</td>…</tr>{% endfor %}
       {% endcall %}
       {{ kit.pager(next) }}
       {% else %}{{ kit.empty("还没有设备。", "先登记一台。") }}{% endif %}
       {% endblock %}

   Blocks ``styles``, ``scripts`` and ``page_class`` are there for more. ``/console/kit`` shows each
   component with its states. Lists page by cursor: ``next`` is the ``next`` of a ``Page``.

4. Look at it at 1366 × 768 and 390 × 844. ``tests/pages/test_shell.py`` opens every entry by
   every role.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from server.domain.roles import Action, Actor


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu. ``group`` is empty for pages that stand in the bar themselves."""

    title: str
    address: str
    need: Action
    group: str = ""


ENTRIES: tuple[Entry, ...] = (
    Entry("接警台", "/console", Action.SEE_CONSOLE),
    Entry("检索", "/console/search", Action.READ_REPORTS),
    Entry("案件", "/console/cases", Action.SEE_CONSOLE),
    Entry("复发台账", "/console/register", Action.SEE_CONSOLE, "台账"),
    Entry("单元", "/console/units", Action.SEE_CONSOLE, "队伍"),
    Entry("设备", "/console/devices", Action.SEE_CONSOLE, "队伍"),
    Entry("任务", "/console/tasks", Action.FOLLOW_UP, "处置"),
    Entry("协议", "/console/agreements", Action.FOLLOW_UP, "处置"),
    Entry("排班", "/console/duty", Action.READ_DUTY, "队伍"),
    Entry("驻点", "/console/posts", Action.READ_STATS, "队伍"),
    Entry("时限", "/console/clocks", Action.READ_STATS, "数据"),
    Entry("报表", "/console/period", Action.READ_STATS, "数据"),
    Entry("复核", "/console/labels", Action.CORRECT, "数据"),
    Entry("模型", "/console/models", Action.MANAGE_MODELS, "数据"),
    Entry("监测", "/console/watch", Action.MANAGE_MODELS, "数据"),
    Entry("试验", "/console/experiment", Action.MANAGE_MODELS, "数据"),
    Entry("公平", "/console/fairness", Action.MANAGE_MODELS, "数据"),
    Entry("审计", "/console/audit", Action.READ_AUDIT, "系统"),
    Entry("账号", "/console/users", Action.MANAGE_USERS, "系统"),
    Entry("设置", "/console/settings", Action.SEE_SETTINGS, "系统"),
    Entry("组件", "/console/kit", Action.SEE_CONSOLE, "系统"),
)
"""In the order of the menu; entries of one group stand together."""

GROUPS = ("处置", "台账", "队伍", "数据", "系统")
"""Order of the groups; a group without an entry one may see is not shown."""


def menu(actor: Actor | None) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """``(group, entries)`` this person may open; ungrouped entries come one by one with ``""``."""
    seen = [entry for entry in ENTRIES if actor is not None and actor.may(entry.need)]
    for entry in (entry for entry in seen if not entry.group):
        yield "", (entry,)
    grouped = sorted((e for e in seen if e.group), key=lambda entry: GROUPS.index(entry.group))
    for group, entries in groupby(grouped, key=lambda entry: entry.group):
        yield group, tuple(entries)


def is_here(address: str, path: str) -> bool:
    """Whether ``path`` lies on or under an entry, and under no longer one."""
    under = [e.address for e in ENTRIES if path == e.address or path.startswith(f"{e.address}/")]
    return bool(under) and max(under, key=len) == address
