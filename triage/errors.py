"""What can go wrong in triage.

::

    TriageError                  a sentence that says what to do; exit 1
    ├── WrongUse                 an option, file or name is wrong; exit 2
    ├── BadRow                   one line of input cannot be read; the others go on
    ├── ModelUnavailable         no model can be used; whoever asks sends the report to review
    │   └── ArtefactRefused      one artefact is incomplete, altered, unsigned or inexact
    ├── AlreadyThere             an artefact of that name exists; artefacts never change
    ├── TooBig                   a training run needs more memory than it may take
    ├── RefitRefused             a refit of the recurrence rule is none that may serve
    ├── GateFailed               a candidate may not serve; says which figure stands against it
    └── NothingToRollBack        no earlier promotion is on record
"""

from __future__ import annotations


class TriageError(Exception):
    """Base of every error this program raises on purpose."""

    exit_code = 1


class WrongUse(TriageError):
    """An option, a file or a name is wrong; the message says what to give instead."""

    exit_code = 2


class BadRow(TriageError):
    """A line of input that cannot be read. Never holds the line's text."""

    def __init__(self, why: str, *, row_id: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.row_id = row_id


class ModelUnavailable(TriageError):
    """No model can be used; reports go to review until one is promoted or repaired."""


class ArtefactRefused(ModelUnavailable):
    """The artefact ``name`` may not be used; ``why`` names the file and what is wrong with it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"Model {name} is refused: {why}; promote another or copy it anew.")
        self.name = name
        self.why = why


class AlreadyThere(TriageError):
    """An artefact directory is never written twice."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A model named {name} exists already; give the new one another name.")
        self.name = name


class TooBig(TriageError):
    """Training needs more than ``megabytes`` of memory (0: more than there is)."""

    def __init__(self, megabytes: int) -> None:
        bound = f"the {megabytes} MB it may take" if megabytes else "there is"
        super().__init__(
            f"Training needs more memory than {bound}; allow more, or train on words alone."
        )
        self.megabytes = megabytes


class RefitRefused(TriageError):
    """A refit of the recurrence rule is not kept; ``why`` says what is wrong with it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The refit is not kept: {why}.")
        self.why = why


class GateFailed(TriageError):
    """The candidate ``name`` may not serve; ``reasons`` are the figures that stand against it."""

    def __init__(self, name: str, reasons: tuple[str, ...]) -> None:
        super().__init__(f"Model {name} is not promoted: {'; '.join(reasons)}.")
        self.name = name
        self.reasons = reasons


class NothingToRollBack(TriageError):
    """There is no earlier promotion to return to."""

    def __init__(self) -> None:
        super().__init__("No earlier model is on record; promote one by name instead.")
