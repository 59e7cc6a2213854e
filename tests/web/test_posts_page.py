"""Where to wait, tried out on the page."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from server.domain.roles import Role
from server.office import Office
from server.services import accounts
from server.web.auth import COOKIE

HERE = "/console/posts"


@pytest.fixture
def supervisor(office: Office, client: FlaskClient, units) -> FlaskClient:
    user = accounts.create_user(office, "dudao", "made-up-password", Role.SUPERVISOR, None)
    client.set_cookie(COOKIE, accounts.open_session(office, user))
    return client


def shares(page: str) -> dict[str, float]:
    tiles = re.findall(r"<dt>([^<]+)</dt><dd>([0-9.]+)%", page)
    return {name: float(value) for name, value in tiles}


def test_today_and_a_proposal_stand_side_by_side(supervisor: FlaskClient) -> None:
    page = supervisor.get(HERE).text
    assert set(shares(page)) == {"现在可达"}
    assert page.count('<svg class="plan"') == 1
    asked = {"count": "6", "minutes": "8", "speed": "20", "keep": "yes"}
    page = supervisor.get(HERE, query_string=asked).text
    told = shares(page)
    assert told["方案可达"] > told["现在可达"]
    assert page.count('<svg class="plan"') == 2
    assert "1.5公里" in page, "a post's reach at 20 km/h in 8 minutes"
    held = supervisor.get(f"{HERE}?{urlencode(asked | {'as': 'csv'})}").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(held)))
    assert sum(row["方案"] == "方案" for row in rows) == 6
    assert {"顺达"} <= {row["驻点"] for row in rows if row["方案"] == "方案"}, "kept"


def test_each_quarter_of_the_day_has_its_reach(supervisor: FlaskClient) -> None:
    page = supervisor.get(HERE).text
    for quarter in ("0–6时", "6–12时", "12–18时", "18–24时"):
        assert quarter in page
    page = supervisor.get(HERE, query_string={"hours": "18-24"}).text
    assert set(shares(page)) == {"此时段可达"}
    assert '<option value="18-24" selected>' in page


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"count": "0"}, "请填1到60之间的数字"),
        ({"count": "x"}, "请填1到60之间的数字"),
        ({"count": "3", "share": "90"}, "只填一个"),
        ({"share": "100", "minutes": "3", "speed": "5"}, "达不到这个占比"),
        ({"count": "3", "minutes": "1"}, "短于出发所需的时间"),
        ({"hours": "6:30-8"}, "请填两个整点"),
    ],
)
def test_what_cannot_be_is_said_beside_todays_figure(
    supervisor: FlaskClient, asked: dict[str, str], said: str
) -> None:
    answer = supervisor.get(HERE, query_string=asked)
    assert answer.status_code == 200
    assert said in answer.text
    assert "现在可达" in answer.text
    assert "方案可达" not in answer.text
