"""Known passwords never face a network by accident."""

from __future__ import annotations

import os
from pathlib import Path

from server.supervise import sealed
from server.supervise.address import Address
from server.supervise.errors import DemoExposed

ANYWHERE = "XIAONAO_DEMO_ANYWHERE"


def check(home: Path, http: Address, *, demo: bool = False) -> None:
    """Raises DemoExposed when demo accounts would be reachable from other machines."""
    known = demo or sealed.is_demo(home)
    if known and not http.is_loopback and os.environ.get(ANYWHERE) != "1":
        raise DemoExposed(http.host)
