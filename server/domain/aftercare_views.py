"""Tasks, agreements and calls back as they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TaskView:
    """``note`` only for those who may see clear data."""

    id: str
    case_id: str
    kind: str
    party: str
    due_at: datetime
    state: str
    created_at: datetime
    done_at: datetime | None
    done_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class InstalmentView:
    number: int
    due_at: datetime
    amount_yuan: float | None
    state: str
    done_at: datetime | None
    done_by: str | None
    remote: bool


@dataclass(frozen=True, slots=True)
class AgreementView:
    id: str
    case_id: str
    made_at: datetime
    by: str
    form: str
    state: str
    terms: str
    instalments: tuple[InstalmentView, ...]


@dataclass(frozen=True, slots=True)
class CallbackView:
    """``reopened`` says that the case is open again because of this call."""

    case_id: str
    at: datetime
    by: str
    satisfaction: str
    relapse: bool
    reopened: bool
