"""For those who run it: does the process live, can it work, what did it count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from server.office import Office
from server.services import agents, following
from server.web.access import Access, current_office, needs
from server.web.metrics import current_metrics

ops = Blueprint("ops", __name__)

EDGE_SILENT = timedelta(minutes=5)
"""Without a report of an agent, devices' silence this long means the way to them is cut."""
AGENT_SILENT = timedelta(seconds=60)
"""Agents report every few seconds."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part's state: ``ok``, ``degraded`` or ``down``, and why in a few words."""

    name: str
    state: str
    words: str


@ops.get("/healthz")
@needs(Access.PUBLIC)
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@ops.get("/readyz")
@needs(Access.PUBLIC)
def readyz() -> tuple[Response, int]:
    """503 when the database is down; a missing model or a silent edge only degrades."""
    checks = examine(current_office())
    states = {check.state for check in checks}
    worst = next((state for state in ("down", "degraded") if state in states), "ok")
    told = {check.name: {"state": check.state, "detail": check.words} for check in checks}
    return jsonify(status=worst, checks=told), 503 if worst == "down" else 200


@ops.get("/metrics")
@needs(Access.OPERATIONS)
def metrics() -> Response:
    """Prometheus text."""
    return Response(current_metrics().text(), content_type=CONTENT_TYPE_LATEST)


def examine(office: Office) -> list[Check]:
    return [_database(office), _broker(office), _model(office), _risk(office)]


def _database(office: Office) -> Check:
    try:
        following.database_answers(office)
    except SQLAlchemyError as error:
        return Check("database", "down", f"does not answer ({type(error).__name__})")
    return Check("database", "ok", "answers")


def _broker(office: Office) -> Check:
    """Known by what the edge agents say of themselves, else by what was handed on last."""
    try:
        agent = agents.newest(office)
        last = following.last_telemetry_at(office)
    except SQLAlchemyError:
        return Check("broker", "degraded", "unknown while the database is down")
    if agent is not None:
        return _agent(office, *agent)
    if last is None:
        return Check("broker", "degraded", "no telemetry has come yet")
    age = office.clock() - last
    words = f"last telemetry {max(0, round(age.total_seconds()))} s ago"
    return Check("broker", "degraded" if age > EDGE_SILENT else "ok", words)


def _agent(office: Office, told_at: datetime, subscribed: bool) -> Check:
    age = office.clock() - told_at
    words = f"edge agent reported {max(0, round(age.total_seconds()))} s ago"
    if age > AGENT_SILENT:
        return Check("broker", "degraded", words)
    if not subscribed:
        return Check("broker", "degraded", f"{words}: it has no connection to the broker")
    return Check("broker", "ok", f"{words}, subscribed")


def _model(office: Office) -> Check:
    fault = office.judge.fault
    if fault is not None:
        words = fault.replace(str(office.home), "HOME").rstrip(".")
        return Check("model", "degraded", f"{words}; without a model reports go to review")
    return Check("model", "ok", office.judge.name or "loaded")


def _risk(office: Office) -> Check:
    fault = office.risk.fault
    if fault is not None:
        words = fault.replace(str(office.home), "HOME").rstrip(".")
        return Check("risk", "degraded", f"{words}; {office.risk.name} serves instead")
    return Check("risk", "ok", office.risk.name)
