"""The two tables: what is unknown or wrong is named with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import config
from edge.config import EdgeSettings
from edge.errors import ConfigError
from edge.mqtt_config import MqttSettings


def write(home: Path, text: str) -> Path:
    (home / config.SETTINGS_FILE).write_text(text, "utf-8")
    return home


def test_defaults_without_a_file(tmp_path: Path):
    found = config.load(tmp_path, {})
    assert (found.mqtt.host, found.mqtt.port) == ("127.0.0.1", 1883)
    assert found.outbox_path == tmp_path / "outbox.db"
    assert found.edge.bounds is None
    assert config.token(found) == ""


def test_the_file_then_the_environment(tmp_path: Path):
    home = write(
        tmp_path,
        '[mqtt]\nurl = "mqtts://broker.example:9999"\nkeep_alive_s = 10\n'
        "[edge]\nbounds = [30.3, 120.2, 30.5, 120.4]\n[deadlines]\nsigned_s = 5\n",
    )
    found = config.load(home, {"XIAONAO_MQTT__KEEP_ALIVE_S": "12", "XIAONAO_HTTP__PORT": "1"})
    assert (found.mqtt.host, found.mqtt.port, found.mqtt.tls) == ("broker.example", 9999, True)
    assert found.mqtt.keep_alive_s == 12
    assert found.edge.bounds == (30.3, 120.2, 30.5, 120.4)
    found = config.load(home, {"XIAONAO_EDGE__BOUNDS": "1,2,3,4"})
    assert found.edge.bounds == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[mqtt]\nusrname = "x"\n', "mqtt.usrname is unknown; did you mean mqtt.username"),
        ("[edge]\nbatch_row = 5\n", "edge.batch_row is unknown; did you mean edge.batch_rows"),
        ("[edge]\nzzz = 5\n", "edge.zzz is unknown; known: .*server_url"),
        ('mqtt = "x"\n', r"write \[mqtt\] above its keys"),
        ("[edge\n", "is not valid TOML"),
        ('[mqtt]\nurl = "http://x"\n', "mqtt.url: .*write mqtt://HOST:PORT"),
        ('[mqtt]\nurl = "mqtt://x:99999"\n', "mqtt.url"),
        ('[mqtt]\nurl = "mqtt://me:secret@x"\n', "keep user name and password out"),
        ("[edge]\nbounds = [31, 120, 30, 121]\n", "edge.bounds: .*south, west, north, east"),
        ('[edge]\nhttp = "9108"\n', "edge.http: .*HOST:PORT"),
        ("[edge]\nbatch_rows = 0\n", "edge.batch_rows"),
        ('[edge]\njt808 = "7611"\n', "edge.jt808: .*HOST:PORT"),
        ('[edge]\nnmea = "x:99999"\n', "edge.nmea: .*HOST:PORT"),
        ('[edge]\njt808_crs = "GCJ02"\n', "edge.jt808_crs"),
        ('[edge]\njt808_devices = ["139x"]\n', "edge.jt808_devices: .*digits"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, why: str):
    with pytest.raises(ConfigError, match=why) as caught:
        config.load(write(tmp_path, text), {})
    assert "secret" not in str(caught.value)


def test_an_unknown_key_of_the_environment_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"edge\.tokn is unknown; did you mean edge\.token"):
        config.load(tmp_path, {"XIAONAO_EDGE__TOKN": "x"})


def test_the_token_from_a_file_and_never_shown(tmp_path: Path):
    (tmp_path / "edge.token").write_text("geheim\n")
    found = config.load(tmp_path, {"XIAONAO_EDGE__TOKEN_FILE": "edge.token"})
    assert config.token(found) == "geheim"
    shown = config.load(tmp_path, {"XIAONAO_EDGE__TOKEN": "geheim", "XIAONAO_MQTT__PASSWORD": "p4"})
    assert config.token(shown) == "geheim"
    assert "geheim" not in repr(shown)
    assert "p4" not in repr(shown)
    with pytest.raises(ConfigError, match="cannot be read"):
        config.token(config.load(tmp_path, {"XIAONAO_EDGE__TOKEN_FILE": "none"}))


@pytest.mark.parametrize("model", [MqttSettings, EdgeSettings])
def test_every_setting_is_described(model: type[MqttSettings] | type[EdgeSettings]):
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_numbers_from_the_environment_lose_their_padding(tmp_path: Path):
    env = {"XIAONAO_EDGE__JT808_DEVICES": "013900000001, 13900000002"}
    assert config.load(tmp_path, env).edge.jt808_devices == ("13900000001", "13900000002")
