"""Where a report goes. When in doubt: police, or a person's review; never mediators alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from triage.cues import Cue
from triage.taxonomy import Label, Route

POLICE_ALONE = frozenset(
    {"weapon", "fire", "injury", "suicide", "domestic_violence", "confinement", "sexual"}
)
"""Danger that mediators are not sent into, nor should mediate, whatever the quarrel began with."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Chosen on out-of-fold predictions for a stated miss rate; stored in the manifest.

    ``police_at``: least p(police) that sends police outright. ``mediate_at``, ``service_at``:
    least probability to hand a report on unseen. ``police_below``: most p(police) it may have.
    ``joint_at``: least p(dispute) for mediators to go with the police.
    ``returning_at``: least 90-day risk at which danger of any time sends police along.
    """

    police_at: float = 0.60
    mediate_at: float = 0.80
    service_at: float = 0.80
    police_below: float = 0.10
    joint_at: float = 0.50
    returning_at: float = 0.70


def route_of(
    p: Mapping[Label, float],
    cues: Iterable[Cue],
    doubt: Iterable[str],
    *,
    thresholds: Thresholds,
    risk_90d: float | None = None,
) -> Route:
    """The route of one report; ``risk_90d`` only where its history is to count.

    Grave danger in force sends police; mediators go with them where the words are those of a
    dispute and the danger is none of ``POLICE_ALONE``. Less grave danger, or any doubt, keeps a
    report from being handed on unseen.
    """
    at_hand = tuple(cues)
    if _police(p, at_hand, thresholds):
        return _police_or_joint(p, at_hand, thresholds)
    if _returning_danger(at_hand, risk_90d, thresholds):
        return Route.JOINT
    if any(cue.in_force for cue in at_hand) or any(doubt):
        return _looked_at(p, at_hand, thresholds)
    return _handed_on(p, thresholds)


def _police(p: Mapping[Label, float], cues: tuple[Cue, ...], limits: Thresholds) -> bool:
    grave = any(cue.in_force and cue.grade == "grave" for cue in cues)
    return grave or p[Label.POLICE] >= limits.police_at


def _police_or_joint(p: Mapping[Label, float], cues: tuple[Cue, ...], limits: Thresholds) -> Route:
    alone = any(cue.in_force and cue.kind in POLICE_ALONE for cue in cues)
    return Route.JOINT if p[Label.DISPUTE] >= limits.joint_at and not alone else Route.POLICE


def _returning_danger(cues: tuple[Cue, ...], risk_90d: float | None, limits: Thresholds) -> bool:
    """A dispute that will flare up again, with danger in it now or before."""
    if risk_90d is None or risk_90d < limits.returning_at:
        return False
    return any(not cue.negated and cue.mode in {"present", "past"} for cue in cues)


def _looked_at(p: Mapping[Label, float], cues: tuple[Cue, ...], limits: Thresholds) -> Route:
    """A crowd in a plain dispute needs both at once; everything else waits for a person."""
    crowd = any(cue.in_force and cue.kind == "crowd" for cue in cues)
    return Route.JOINT if crowd and p[Label.DISPUTE] >= limits.joint_at else Route.REVIEW


def _handed_on(p: Mapping[Label, float], limits: Thresholds) -> Route:
    if p[Label.POLICE] > limits.police_below:
        return Route.REVIEW
    if p[Label.DISPUTE] >= limits.mediate_at:
        return Route.MEDIATE
    return Route.SERVICE if p[Label.SERVICE] >= limits.service_at else Route.REVIEW
