"""Both walks against a running system: a report to a closed case, and a correction to a new model.

By hand: ``python tests/journeys/both_walks.py [postgresql://user@host/database]``.
"""

from __future__ import annotations

import re
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from running import Device, System, now, running, until

SCENE = (30.4300, 120.3100)
FAR = (30.4600, 120.3400)
LEAK = "报警人称：翠柳苑3幢402，楼上漏水把厨房吊顶泡坏，与楼上业主协商赔偿不成，要求调解"


def walk(system: System, *, promote: bool = True, corpus: Path | None = None) -> dict[str, Any]:
    """Do both walks; what was seen on the way. Raises AssertionError where it goes wrong.

    Without ``promote`` the candidate is made of words alone, and the gate must refuse it: it would
    take the place of a model with an encoder. ``corpus`` stands in for the shipped one, which
    takes five minutes; the model that serves must then be made of it, too.
    """
    texts = ("--corpus", str(corpus)) if corpus else ()
    devices = equip(system)
    near, far = devices["near"], devices["far"]
    far.fix(*FAR)
    near.fix(*SCENE)
    for device in devices.values():
        device.wait_confirmed()
    report, case = file_report(system)
    assert case["assignment"]["unit_id"] == "near", case["assignment"]
    steps = do_steps(system, near, case["id"])
    closed = system.call(
        "POST",
        f"/cases/{case['id']}/close",
        role="mediator",
        unit="near",
        disposition="settled_on_spot",
        amount_yuan=800,
        key=uuid.uuid4().hex,
    ).json()
    assert closed["status"] == "closed", closed
    seen = system.call("GET", f"/cases/{case['id']}").json()
    models = (learn if promote else refused)(system, report["id"], *texts)
    for device in devices.values():
        device.close()
    kinds = [event["kind"] for event in seen["timeline"]]
    return {"case": case["id"], "verdicts": steps, "timeline": kinds, **models}


def equip(system: System) -> dict[str, Device]:
    """Two units with a bodycam each."""
    devices = {}
    for unit, (lat, lon) in {"near": FAR, "far": SCENE}.items():
        place = ("--lat", str(lat), "--lon", str(lon))
        system.run("xiaonao", "unit", "add", unit, "--name", unit, "--point", "顺达", *place)
        shown = system.run("xiaonao", "device", "add", f"bc-{unit}", "--unit", unit).stdout
        password = re.search(r"(?:password|密码)\W+(\S+)", shown)
        assert password, shown
        devices[unit] = signed_in(system, f"bc-{unit}", password.group(1))
    return devices


def signed_in(system: System, name: str, password: str) -> Device:
    """The broker learns of a new account within two seconds."""
    device: list[Device] = []

    def attempt() -> bool:
        try:
            device.append(Device(system, name, password))
        except (AssertionError, OSError):
            return False
        return True

    until(attempt, seconds=30, why=f"{name} was never let in")
    return device[0]


def file_report(system: System) -> tuple[dict[str, Any], dict[str, Any]]:
    body = {
        "source": "journey",
        "source_id": uuid.uuid4().hex,
        "received_at": now(),
        "text": LEAK,
        "address": "翠柳苑3幢402",
        "location": {"lat": SCENE[0], "lon": SCENE[1], "crs": "WGS-84"},
        "caller": {"name": "李某某", "phone": "10000004321"},
    }
    first = system.call("POST", "/reports", role="intake", **body)
    again = system.call("POST", "/reports", role="intake", **body)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json()
    answer = first.json()
    if answer["route"] not in {
        "mediate",
        "joint",
    }:  # an operator decides what the model leaves open
        decided = system.call(
            "POST", f"/cases/{answer['case']['id']}/route", route="mediate", why="漏水纠纷"
        )
        assert decided.status_code == 200, decided.text
        answer["case"] = decided.json()
    return answer["report"], answer["case"]


def do_steps(system: System, device: Device, case_id: str) -> dict[str, str]:
    """Sign, leave, call, arrive: with the device at the door."""
    verdicts = {}
    for step in ("signed", "departed", "contacted", "arrived"):
        if step == "arrived":
            for _ in range(3):
                device.fix(*SCENE)
            device.wait_confirmed()
        posted = system.call(
            "POST",
            f"/cases/{case_id}/steps",
            role="mediator",
            unit="near",
            step=step,
            key=uuid.uuid4().hex,
        )
        assert posted.status_code in {200, 201}, posted.text
        verdicts[step] = posted.json()["evidence"]["verdict"]
    assert verdicts["arrived"] == "verified", verdicts
    return verdicts


def learn(system: System, report_id: str, *texts: str) -> dict[str, str]:
    """Correct, retrain, promote; the running server judges with the new model; roll back."""
    before, candidate = retrain(system, report_id, *texts)
    sign = ("--home", str(system.home), "--by", "张某某", "--why", "旅程测试")
    system.run("xiaonao-triage", "promote", candidate, *sign)
    until(lambda: judging_model(system) == candidate, why="the server kept the old model")
    system.run("xiaonao-triage", "rollback", *sign)
    until(lambda: judging_model(system) == before, why="the server kept the new model")
    return {"before": before, "candidate": candidate}


def refused(system: System, report_id: str, *texts: str) -> dict[str, str]:
    """Correct, retrain on words alone; the gate says why not, and nothing changes."""
    before, candidate = retrain(system, report_id, "--encoder", "none", *texts)
    sign = ("--home", str(system.home), "--by", "张某某", "--why", "旅程测试")
    tried = system.run("xiaonao-triage", "promote", candidate, *sign, check=False)
    assert tried.returncode == 1, tried.stdout
    assert "words alone" in tried.stderr, tried.stderr
    assert judging_model(system) == before
    return {"before": before, "candidate": candidate}


def retrain(system: System, report_id: str, *more: str) -> tuple[str, str]:
    """Correct the report, train; the model that serves and the candidate."""
    corrected = system.call(
        "POST", f"/reports/{report_id}/label", label="dispute", category="dispute.leak", why="漏水"
    )
    assert corrected.status_code == 200, corrected.text
    corrections = system.home / "corrections.jsonl"
    until(lambda: corrections.exists() and corrections.stat().st_size, why="never exported")
    before = judging_model(system)
    trained = system.run("xiaonao-triage", "train", "--home", str(system.home), *more)
    candidate = newest_candidate(system)
    assert candidate != before, trained.stdout
    return before, candidate


def newest_candidate(system: System) -> str:
    made = [path for path in (system.home / "models").iterdir() if path.is_dir()]
    return max(made, key=lambda path: path.stat().st_mtime).name


def judging_model(system: System) -> str:
    """The model that judged a fresh report."""
    answer = system.call(
        "POST",
        "/reports",
        role="intake",
        source="probe",
        source_id=uuid.uuid4().hex,
        received_at=now(),
        text="咨询一下居住证怎么办理",
    )
    return str(answer.json()["assessment"]["model"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else ""
        with running(Path(folder) / "var", database_url=url) as system:
            for name, value in walk(system).items():
                print(f"{name}: {value}")
            print(f"stopped in {system.stop():.1f} s")
