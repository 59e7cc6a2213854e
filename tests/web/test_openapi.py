"""The description is what the code does: a kept snapshot, and generated requests against it."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from server.domain.roles import Role
from server.office import Office
from server.services import accounts
from server.web import openapi
from server.web.contract import PREFIX
from server.web.flask_app import operations

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SNAPSHOT = Path(__file__).parent / "openapi.json"
EXAMPLES = 40


def test_the_description_is_the_one_that_was_agreed(client: FlaskClient) -> None:
    """After a wanted change: ``XN_SNAPSHOT=write pytest tests/web/test_openapi.py``."""
    found = client.get(f"{PREFIX}/openapi.json")
    assert found.status_code == 200
    if os.environ.get("XN_SNAPSHOT") == "write":
        SNAPSHOT.write_text(json.dumps(found.json, ensure_ascii=False, indent=1, sort_keys=True))
    assert found.json == json.loads(SNAPSHOT.read_text("utf-8"))


def test_every_call_of_the_contract_is_described(database_url: str) -> None:
    told = openapi.document(operations())
    calls = {(m.upper(), path) for path, item in told["paths"].items() for m in item}
    agreed = {
        ("POST", "/reports"),
        ("GET", "/reports"),
        ("GET", "/reports/{report_id}"),
        ("POST", "/reports/{report_id}/label"),
        ("GET", "/cases"),
        ("GET", "/cases/{case_id}"),
        ("POST", "/cases/{case_id}/assign"),
        ("GET", "/cases/{case_id}/candidates"),
        ("POST", "/cases/{case_id}/steps"),
        ("POST", "/cases/{case_id}/close"),
        ("GET", "/units"),
        ("POST", "/telemetry"),
        ("GET", "/stream"),
        ("GET", "/stats"),
    }
    assert {(m, PREFIX + path) for m, path in agreed} <= calls


@pytest.fixture
def tokens(office: Office, units: tuple[str, str]) -> dict[str, str]:
    """For each operation a token whose role may call it."""
    roles = {"POST /telemetry": Role.EDGE, "POST /reports": Role.INTAKE}
    made = {role: accounts.create_token(office, role, role) for role in roles.values()}
    made[Role.DISPATCHER] = accounts.create_token(office, "dispatcher", Role.DISPATCHER)
    return {
        f"{op.method} {op.path}": made[roles.get(f"{op.method} {op.path}", Role.DISPATCHER)]
        for op in operations()
    }


@pytest.fixture
def ids(client: FlaskClient, bearer, new_report) -> dict[str, str]:
    """A report and a case that exist, so that not every call ends in 404."""
    filed = client.post("/api/v1/reports", json=new_report(), headers=bearer("intake")).json
    sos = {"device_id": "bc-1", "kind": "alarm", "v": 1, "boot": "b", "seq": 1, "alarm": "sos"}
    sos |= {"sent_at": "2026-11-24T10:00:00+08:00"}
    client.post("/api/v1/telemetry", json={"messages": [sos]}, headers=bearer("edge"))
    return {
        "report_id": filed["report"]["id"],
        "case_id": filed["case"]["id"],
        "device_id": "bc-1",
        "step": "signed",
        "task_id": "none",
        "agreement_id": "none",
        "number": "1",
    }


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (GenerationMode.POSITIVE, {200, 201, 404, 409, 422}),
        (GenerationMode.NEGATIVE, {404, 422}),
    ],
)
def test_generated_requests_find_no_fault(
    app: Flask,
    tokens: dict[str, str],
    ids: dict[str, str],
    mode: GenerationMode,
    expected: set[int],
) -> None:
    """Statuses, media types and bodies as described; what does not fit is refused; never 500."""
    schema = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", app).exclude(
        path=f"{PREFIX}/stream"  # does not end by itself; has tests of its own
    )
    answered: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        path = operation.path.removeprefix(PREFIX).replace("{", "<").replace("}", ">")
        token = tokens[f"{operation.method.upper()} {path}"]
        answered += _try(operation, {"Authorization": f"Bearer {token}"}, ids, mode)
    assert expected <= set(answered)
    assert max(answered) < 500


def _try(
    operation: schemathesis.APIOperation,
    headers: dict[str, str],
    ids: dict[str, str],
    mode: GenerationMode,
) -> Counter[int]:
    answered: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=booleans())
    def one(case: schemathesis.Case, known: bool) -> None:
        if _has_wrong_headers(case):
            return  # our own token replaces them, and the rest may be right
        if known and mode is GenerationMode.POSITIVE:
            case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
        # The calendar and the taxonomy say more than a schema can, so a fitting body may be 422.
        answer = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
        answered[answer.status_code] += 1

    one()
    return answered


def _has_wrong_headers(case: schemathesis.Case) -> bool:
    return any(
        part.value == "header" and how.mode is GenerationMode.NEGATIVE
        for part, how in case.meta.components.items()
    )
