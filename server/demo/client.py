"""The office as a made-up person sees it: the HTTP API with one bearer token."""

from __future__ import annotations

from typing import Any

import httpx

from server.domain.geo import Place

LIMIT_S = 10.0
PAGE = 200

Json = dict[str, Any]


class Refused(Exception):
    """The office said no, or does not answer; ``status`` is 0 then."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(f"{status} {title}")
        self.status = status


class Client:
    """Calls of one token. Every call raises Refused."""

    def __init__(self, server_url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=f"{server_url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=LIMIT_S,
            trust_env=False,  # the office is on this machine, never behind a proxy
        )

    def file(self, report: Json) -> Json:
        return self._call("POST", "/reports", json=report)

    def open_cases(self) -> list[Json]:
        """Every case that is not closed, newest first, up to one page per status."""
        found: list[Json] = []
        for status in ("open", "assigned", "signed", "en_route", "on_scene"):
            query = {"status": status, "limit": PAGE}
            found += self._call("GET", "/cases", params=query)["items"]
        return found

    def positions(self) -> dict[str, Place]:
        """Where each unit with a position was last."""
        units = self._call("GET", "/units")["items"]
        placed = [(unit["id"], unit["position"]) for unit in units if unit["position"]]
        return {unit_id: Place(at["lat"], at["lon"]) for unit_id, at in placed}

    def correct(self, report_id: str, label: str, category: str) -> Json:
        body = {"label": label, "category": category, "why": "人工研判"}
        return self._call("POST", f"/reports/{report_id}/label", json=body)

    def step(self, case_id: str, step: str, key: str) -> Json:
        return self._call("POST", f"/cases/{case_id}/steps", json={"step": step, "key": key})

    def close(self, case_id: str, body: Json) -> Json:
        return self._call("POST", f"/cases/{case_id}/close", json=body)

    def _call(self, method: str, path: str, **how: Any) -> Json:
        try:
            answer = self._http.request(method, path, **how)
        except httpx.HTTPError as error:
            raise Refused(0, type(error).__name__) from error
        if answer.is_error:
            raise Refused(answer.status_code, answer.reason_phrase)
        made: Json = answer.json()
        return made
