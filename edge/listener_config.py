"""Settings of the TCP listeners; part of the table ``[edge]``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from edge.datum import Crs


class ListenerSettings(BaseModel):
    """Where devices that speak no MQTT connect, who may, and the bounds of that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jt808: str = Field(
        "", description="HOST:PORT for JT/T 808 devices (TCP); port 0 takes any; empty: off."
    )
    jt808_crs: Crs = Field("WGS-84", description="Datum JT/T 808 devices report in.")
    jt808_devices: tuple[str, ...] = Field(
        (),
        description="Phone numbers taken as JT/T 808 devices, digits; empty: every number.",
    )
    jt808_codes: Literal["any", "issued"] = Field(
        "any",
        description="issued: a JT/T 808 device must first authenticate with the code its "
        "registration gave; any: every code will do, and none.",
    )
    jt808_sos_ends: bool = Field(
        False,
        description="Whether an SOS ends when the device's bit does. The standard lets a device "
        "clear it on our answer, so by default only a person ends an SOS.",
    )
    jt808_accuracy_m: float = Field(
        30,
        ge=0,
        le=10_000,
        description="Accuracy taken for a JT/T 808 fix, which tells none (JT/T 794 asks 15 m of "
        "a terminal; doubled for streets); 0: unknown, and such fixes prove no arrival.",
    )
    nmea: str = Field("", description="HOST:PORT for NMEA 0183 (TCP); port 0 takes any.")
    nmea_crs: Crs = Field("WGS-84", description="Datum NMEA senders report in.")
    nmea_accuracy_m: float = Field(
        30,
        ge=0,
        le=10_000,
        description="Accuracy taken for an NMEA fix, which tells none; 0: unknown.",
    )
    nmea_prefix: str = Field(
        "",
        max_length=32,
        pattern=r"^[^\s/+#]*$",
        description="Put before the id a $PXNID sentence tells. A connection without one is "
        "the device of this prefix and the sender's address; empty: it must tell one.",
    )
    listener_connections: int = Field(
        500, ge=1, le=50_000, description="TCP connections at once; one more is closed at once."
    )
    listener_idle_s: float = Field(
        600, ge=1, le=86_400, description="A TCP connection silent for so long is closed."
    )
    listener_frame_bytes: int = Field(
        4096, ge=256, le=65_536, description="A longer frame or line is a dead letter, cut to this."
    )

    @field_validator("jt808", "nmea")
    @classmethod
    def _usable_listener(cls, value: str) -> str:
        return listening_address(value)

    @field_validator("jt808_devices", mode="before")
    @classmethod
    def _numbers_from_text(cls, value: object) -> object:
        """The environment can only carry text: ``10000000001,10000000002``."""
        if isinstance(value, str):
            return [part.strip(" \"'") for part in value.strip("[] ").split(",") if part.strip()]
        return value

    @field_validator("jt808_devices")
    @classmethod
    def _digits(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not (number.isascii() and number.isdecimal()) for number in value):
            raise ValueError("write phone numbers as digits")
        return tuple(number.lstrip("0") or "0" for number in value)


def listening_address(value: str) -> str:
    """``HOST:PORT`` or empty. Raises ValueError saying what to write."""
    if value:
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isdecimal() and int(port) <= 65_535):
            raise ValueError("write HOST:PORT, for example 127.0.0.1:9108")
    return value
