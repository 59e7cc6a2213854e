"""Between a report as it comes in and its row: cleaning, keys, sealing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from server.domain.report import ANONYMOUS, Caller, NewReport
from server.domain.views import Json
from server.services.judgement import Judgement
from server.services.keys import Keys
from server.vault import Vault
from triage.redaction import mask_numbers


def clean(new: NewReport) -> NewReport:
    """Without NUL characters, which PostgreSQL cannot keep, and blanks around the fields."""
    caller = Caller(*(_tidy(v) for v in (new.caller.name, new.caller.phone, new.caller.id_number)))
    return replace(
        new,
        source=_tidy(new.source) or "",
        source_id=_tidy(new.source_id) or "",
        text=new.text.replace("\x00", ""),
        address=_tidy(new.address),
        code=_tidy(new.code),
        caller=caller,
        extra={key: value.replace("\x00", "") for key, value in new.extra.items()},
    )


def row(
    vault: Vault,
    new: NewReport,
    keys: Keys,
    judged: Judgement,
    *,
    report_id: str,
    by: str,
    now: datetime,
) -> Json:
    """The columns of ``reports`` for a new report without a case."""
    return {
        "id": report_id,
        "source": new.source,
        "source_id": new.source_id,
        "received_at": new.received_at,
        "taken_at": now,
        "filed_by": by,
        "text": mask_numbers(new.text),
        "text_sealed": vault.seal(new.text),
        "address": new.address and mask_numbers(new.address),
        "address_key": keys.address,
        "lat": judged.place.lat if judged.place else None,
        "lon": judged.place.lon if judged.place else None,
        "caller_sealed": _sealed_caller(vault, new.caller),
        "phone_key": keys.phone,
        "id_key": keys.id_number,
        "code": new.code,
        "confidential": new.confidential,
        "feedback_code": new.feedback_code,
        "feedback_sealed": vault.seal(new.feedback) if new.feedback else None,
        "extra_sealed": vault.seal_json(new.extra) if new.extra else None,
        "label": judged.label.value if judged.label else None,
        "category": judged.category,
        "route": judged.route.value,
        "case_id": None,
        "linked_to": None,
        "answer": {},
    }


def predictions(row: Json, judged: Judgement, now: datetime) -> list[Json]:
    """The prediction to keep: which model said what of which text (by hash)."""
    if judged.assessment is None:
        return []
    text = str(row["text"])
    return [
        {
            "report_id": row["id"],
            "at": now,
            "model": judged.assessment.model,
            "input_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            "assessment": judged.assessment.as_json(),
            "risk": judged.risk.as_json() if judged.risk else None,
            "route": judged.route.value,
        }
    ]


def _sealed_caller(vault: Vault, caller: Caller) -> bytes | None:
    known = {
        "name": caller.name if caller.name != ANONYMOUS else None,
        "phone": caller.phone,
        "id_number": caller.id_number,
    }
    kept = {key: value for key, value in known.items() if value}
    return vault.seal_json(kept) if kept else None


def _tidy(value: str | None) -> str | None:
    return value.replace("\x00", "").strip() or None if value is not None else None
