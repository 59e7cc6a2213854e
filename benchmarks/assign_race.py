"""Many hands on the same cases: who wins, and what the others are told.

Run by hand: ``python benchmarks/assign_race.py URL --token SECRET [--threads 200] CASE_ID …``
against a running server in mode ``suggest``: two threads for each case,
all released at once. Prints one JSON object: winners, those told who won, anything else.
"""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def assign(url: str, token: str, case_id: str, start: Barrier) -> str:
    """``won``, ``told`` who won, or the status of any other answer."""
    asked = urllib.request.Request(
        f"{url}/api/v1/cases/{case_id}/assign",
        data=b"{}",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="POST",
    )
    start.wait()
    try:
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return "won" if answer.status == 200 else str(answer.status)
    except urllib.error.HTTPError as error:
        body = json.loads(error.read())
        return "told" if error.code == 409 and body.get("winner") else str(error.code)


def race(url: str, token: str, case_ids: list[str], threads: int) -> Counter[str]:
    start = Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        asked = [
            pool.submit(assign, url, token, case_ids[number % len(case_ids)], start)
            for number in range(threads)
        ]
        return Counter(one.result() for one in asked)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--token", required=True)
    parser.add_argument("--threads", type=int, default=200)
    parser.add_argument("case_ids", nargs="+")
    said = parser.parse_args()
    print(json.dumps(race(said.url, said.token, said.case_ids, said.threads)))
