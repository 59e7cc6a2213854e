"""Everything that can go wrong in the office, as one tree.

OfficeError            carries facts, says what to do, and whether trying again helps
├── Invalid            422  a field is wrong
├── NotAllowed         403  the role or the owner is wrong
├── Missing            404  no such thing
├── Conflict           409  the thing has moved on
│   ├── AlreadyAssigned     somebody else won
│   ├── MovedSince          undo the later act first
│   ├── CaseClosed          nothing more can happen to it
│   └── OutOfOrder          a step before its time
└── Unavailable        503  try again later
"""

from __future__ import annotations

from typing import ClassVar


class OfficeError(Exception):
    """Base of all errors a caller may see; ``str(error)`` is one sentence that says what to do."""

    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False

    @property
    def facts(self) -> dict[str, str]:
        """Extra members of the problem document; never personal data."""
        return {}


class Invalid(OfficeError):
    status = 422

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field

    @property
    def facts(self) -> dict[str, str]:
        return {"field": self.field}


class NotAllowed(OfficeError):
    status = 403


class Missing(OfficeError):
    status = 404

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"There is no {kind} {key!r}; check the id.")


class Conflict(OfficeError):
    status = 409


class AlreadyAssigned(Conflict):
    """Another call was faster; ``winner`` is the unit that has the case."""

    def __init__(self, case_id: str, winner: str) -> None:
        super().__init__(f"Case {case_id} is already with unit {winner}; reload it.")
        self.winner = winner

    @property
    def facts(self) -> dict[str, str]:
        return {"winner": self.winner}


class MovedSince(Conflict):
    """What an act moved was moved again by a later one."""


class CaseClosed(Conflict):
    def __init__(self, case_id: str) -> None:
        super().__init__(f"Case {case_id} is closed; open a new report if it flares up again.")


class OutOfOrder(Conflict):
    pass


class Unavailable(OfficeError):
    status = 503
    retry = True
