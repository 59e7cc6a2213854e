"""The worker of the model in shadow: reads live reports in batches, beside everything else."""

from __future__ import annotations

from threading import Event as Flag

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.domain.errors import OfficeError
from server.office import Office
from server.services import shadow

ROUND_S = 5.0
"""Loading the challenger costs a second or two of one core at low priority, so seldom enough."""

log = structlog.get_logger()


def run(office: Office, stop: Flag) -> None:
    """Until told to stop; faults are logged, kept beside the shadow, and tried again."""
    while not stop.wait(ROUND_S):
        try:
            shadow.read_batch(office)
        except (SQLAlchemyError, OfficeError, OSError, ValueError) as error:
            log.error("shadow_failed", error=type(error).__name__)
