"""Pages of the learning loop: what they show, to whom, and what their forms do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from server.config import Settings
from server.domain.drift import Alert
from server.domain.report import NewReport
from server.domain.roles import Actor, Role
from server.domain.watching import WATCHES, Day
from server.office import Office
from server.services import intake, opinions
from server.store import watching
from server.store.engine import writing

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def office(office: Office) -> Office:
    """Every report is drawn for the audit, so that each waits for a word."""
    settings = Settings.model_validate({"learning": {"audit_share": 1.0}})
    return replace(office, settings=settings)


def keep(office: Office, n: int, *, raised: bool) -> None:
    last = office.clock().date() - timedelta(days=1)
    with writing(office.engine) as conn:
        for back in range(n):
            day = last - timedelta(days=back)
            watching.add(conn, [made(watch.what, day, raised=raised) for watch in WATCHES])


def made(what: str, day: date, *, raised: bool) -> Day:
    alert = Alert(raised=raised and what == "label")
    return Day(day, what, 40, {"police": 10.0, "dispute": 30.0}, 0.31, alert)


def test_an_alarm_stands_on_every_page_of_those_who_answer_for_models(
    office: Office, enter: Callable[[Role], FlaskClient]
) -> None:
    keep(office, 12, raised=True)
    page = enter(Role.SUPERVISOR).get("/console/watch").text
    assert page.count("报警</span>") == 1
    assert page.count('<svg class="plot"') == len(WATCHES) + 3
    assert "来警有变化" in page
    assert "来警有变化" not in enter(Role.DISPATCHER).get("/console/search").text


def test_without_a_day_the_page_says_so(enter: Callable[[Role], FlaskClient]) -> None:
    page = enter(Role.ADMIN).get("/console/watch").text
    assert "还没有满一天的数据" in page
    assert "来警有变化" not in page


@pytest.fixture
def report(office: Office) -> str:
    new = NewReport(
        source="110", source_id="L-1", received_at=office.clock(), text="房东不退押金，双方争吵"
    )
    answer = intake.take(office, new, Actor("110-link", Role.INTAKE)).answer
    return str(answer["report"]["id"])  # type: ignore[index,call-overload]


def test_a_first_blind_word_from_the_page(
    office: Office, report: str, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.DISPATCHER)
    page = client.get("/console/labels").text
    # Nothing on the page says what the model thought of it.
    assert "房东不退押金" in page
    form = page[page.index(f"/console/labels/{report}") :]
    assert "selected" not in form[: form.index("</form>")]
    asked = {"category": "dispute.tenancy", "reason": "low_margin"}
    client.post(f"/console/labels/{report}", data=asked)
    page = client.get("/console/labels").text
    assert "已记下：" in page
    assert "房东不退押金" not in page
    [labelled] = opinions.labelled(office)
    assert labelled.current.category == "dispute.tenancy"


def test_a_made_up_reason_changes_nothing(
    office: Office, report: str, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.DISPATCHER)
    client.post(f"/console/labels/{report}", data={"category": "police", "reason": "x"})
    assert 'class="notice bad"' in client.get("/console/labels").text
    assert list(opinions.labelled(office)) == []


def test_an_experiment_is_registered_and_ended_from_the_page(
    enter: Callable[[Role], FlaskClient],
) -> None:
    client = enter(Role.SUPERVISOR)
    form = {"name": "分流有没有用", "why": "季度评估", "cases": "400", "arms": ["shadow", "auto"]}
    client.post("/console/experiment", data=form | {"cases": "4e9"})
    assert "计划件数请填整数" in client.get("/console/experiment").text
    client.post("/console/experiment", data=form)
    page = client.get("/console/experiment").text
    assert "正在进行" in page
    assert "还没到第一次查看" in page
    client.post("/console/experiment/end", data={"why": "看完了"})
    assert "登记新试验" in client.get("/console/experiment").text


def test_fairness_says_where_there_is_too_little(
    report: str, enter: Callable[[Role], FlaskClient]
) -> None:
    page = enter(Role.SUPERVISOR).get("/console/fairness").text
    assert page.count("样本不足") == 3
