"""What the agent asks of the broker: a session that lasts, its topics, its certificates."""

from __future__ import annotations

from typing import Any

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge import topics
from edge.mqtt_config import MqttSettings


def session(settings: MqttSettings) -> dict[str, Any]:
    """Arguments of paho's ``connect``: the broker keeps what comes while we are away."""
    if settings.version != "5":
        return {}
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = settings.session_expiry_s
    properties.ReceiveMaximum = settings.receive_maximum
    return {"clean_start": False, "properties": properties}


def tls_files(settings: MqttSettings) -> dict[str, Any]:
    """Arguments of paho's ``tls_set``: whom to trust, and who we are."""
    return {
        "ca_certs": settings.ca_file or None,
        "certfile": settings.cert_file or None,
        "keyfile": settings.key_file or None,
    }


def subscriptions(share: str, filters: tuple[str, ...]) -> list[tuple[str, SubscribeOptions]]:
    """All topics; shared among a group where one is named (never noLocal then, MQTT 5 3.8.3.1).

    A shared subscription is sent no retained messages, so presence is also read unshared; what
    comes twice counts once.
    """
    options = SubscribeOptions(
        qos=1, noLocal=not share, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
    )
    if not share:
        return [(name, options) for name in filters]
    shared = [(f"$share/{share}/{name}", options) for name in filters]
    return [*shared, (topics.telemetry_topic("+", "presence"), options)]
