"""What phone and console both do from their forms; each answers the words for the notice."""

from __future__ import annotations

from server.services import tracking
from server.web.access import current_actor, current_office
from server.web.pages import forms, words


def close(case_id: str) -> str:
    """Close a case with the form's disposition, note, parties and sum."""
    end = forms.disposition()
    tracking.close(
        current_office(),
        case_id,
        disposition=end,
        note=forms.text("note"),
        parties=forms.parties(),
        amount_yuan=forms.amount_yuan(),
        key=forms.key(),
        actor=current_actor(),
    )
    return f"已办结：{words.DISPOSITIONS[end.value]}。"
