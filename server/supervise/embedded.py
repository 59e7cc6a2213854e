"""The embedded broker's process: rumqttd from the ``iotcore`` wheel, on one address."""

from __future__ import annotations

import logging
import signal
import sys

MAX_PAYLOAD_BYTES = 2_097_152
MAX_INFLIGHT = 1000


def main() -> int:
    from iotcore.iotcore import IotCoreBroker

    host, port = sys.argv[1], int(sys.argv[2])
    logging.basicConfig(level=logging.WARNING)
    # It logs every packet as an error unless told not to (8.7 times slower then).
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    # Its loop never returns to Python, so nothing could act on a Python signal handler.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    IotCoreBroker(
        listen=host, port=port, max_payload_size=MAX_PAYLOAD_BYTES, max_inflight_count=MAX_INFLIGHT
    ).run_forever()
    return 0
