"""The models page starts, shows and cancels training; only those who manage models may."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from server.domain.roles import Role
from server.office import Office
from server.services import models, training
from server.store import approvals
from server.store.engine import writing
from triage import risk_artefact


def test_a_supervisor_starts_watches_and_cancels(
    office: Office, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.SUPERVISOR)
    started = client.post("/console/models/train", data={"encoder": "none"}, follow_redirects=True)
    assert "已安排训练" in started.text
    assert "等待开始" in started.text
    assert "开始训练</button>" not in started.text
    run = training.claim(office, "made-up:1")
    assert run is not None
    training.beat(office, run.id, "made-up:1", stage="folds", share=0.25, peak_mb=321)
    page = client.get("/console/models").text
    assert all(word in page for word in ("训练中", "分组检验", "25%", "321 MB"))
    told = client.post(f"/console/models/train/{run.id}/cancel", follow_redirects=True).text
    assert "正在取消" in told
    training.cancelled(office, run.id)
    assert "已取消" in client.get("/console/models").text


def test_a_failed_run_says_why_in_both_languages(
    office: Office, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.ADMIN)
    client.post("/console/models/train", data={"encoder": ""})
    run = training.claim(office, "made-up:1")
    assert run is not None
    training.failed(office, run.id, training.Fault.LOST)
    assert "训练进程失去联系" in client.get("/console/models").text
    client.set_cookie("xn_lang", "en")
    assert "The worker was not heard any more" in client.get("/console/models").text


def test_a_dispatcher_may_not(office: Office, enter: Callable[[Role], FlaskClient]) -> None:
    assert enter(Role.DISPATCHER).post("/console/models/train").status_code == 403
    assert not training.log(office)


def test_a_shadow_and_a_second_person_are_shown(
    office: Office, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.SUPERVISOR)
    page = client.get("/console/models").text
    assert "没有候选模型" in page, "no form without anything to choose"
    assert "开始试运行" not in page
    told = client.post("/console/models/shadow", data={"name": "x"}, follow_redirects=True).text
    assert "请写明理由" in told
    data = {"name": "no-such-1", "why": "试"}
    told = client.post("/console/models/shadow", data=data, follow_redirects=True).text
    assert "没有这个模型" in told
    now = office.clock()
    row = {"id": "r1", "model": "made-up-1", "asked_at": now, "asked_by": "made-up-anna"}
    with writing(office.engine) as conn:
        approvals.add(conn, row | {"why": "重训后更好", "state": "waiting"})
    assert "确认上线</button>" in client.get("/console/models").text
    no = {"answer": "no", "why": "还没看"}
    told = client.post("/console/models/requests/r1", data=no, follow_redirects=True).text
    assert "已撤下上线申请" in told
    assert "等待第二人确认" not in told


def test_weights_of_the_recurrence_rule_are_shown_and_taken_back(
    office: Office, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.SUPERVISOR)
    told = client.post("/console/models/train", data={"encoder": "risk"}, follow_redirects=True)
    assert "已安排重拟复发风险" in told.text
    assert "用本站历史重拟</button>" not in told.text, "one at a time"
    why = {"name": "risk-none", "why": "一年数据"}
    assert (
        "没有这组参数" in client.post("/console/models/risk", data=why, follow_redirects=True).text
    )
    back = client.post("/console/models/risk/rollback", data=why, follow_redirects=True)
    assert "没有可以退回的参数" in back.text
    assert "risk-shipped-1" in back.text
    risk_artefact.registry_of(office.home).promote("risk-shipped-1", "made-up-chef", "一年数据")
    models.record(office)
    page = client.get("/console/models").text
    assert "一年数据" in page
    assert "退回上一个模型" not in page, "no model of texts was promoted"
    (office.home / "risk" / "CURRENT.toml").write_text('current = "risk-gone"', "utf-8")
    page = client.get("/console/models").text
    assert "正由出厂参数顶替" in page
    assert "退回上一组参数" in page
    assert client.get("/readyz").json["checks"]["risk"]["state"] == "degraded"
    run = training.claim(office, "made-up:1")
    assert run is not None
    said = "The refit is not kept: the history has 3 disputes."
    training.failed(office, run.id, training.Fault.SAID, said)
    assert "重拟未保存 (the history has 3 disputes.)" in client.get("/console/models").text
    client.set_cookie("xn_lang", "en")
    page = client.get("/console/models").text
    assert "Recurrence weights" in page
    assert "the refit is not kept (the history has 3 disputes.)" in page
