"""mqtts with a client's certificate, on a real Mosquitto and certificates made here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge.errors import BrokerUnreachable
from edge.mqtt import BrokerLink
from edge.mqtt_config import MqttSettings


class Authority:
    """A site's own CA."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "made-up CA")])
        self.certificate = self._sign(self.name, self.key.public_key(), ca=True)
        self.path = self._write("ca", self.certificate)

    def issue(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        path = self._write(name, self._sign(subject, key.public_key()))
        secret = self.folder / f"{name}.key"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path, secret

    def _sign(self, subject: x509.Name, key, *, ca: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def strict_broker(broker, authority: Authority):
    """Takes only clients with a certificate of the site."""
    certificate, key = authority.issue("broker")
    broker.more = (
        f"cafile {authority.path}\ncertfile {certificate}\nkeyfile {key}\n"
        "require_certificate true\n"
    )
    broker.stop()
    broker.start()
    return broker


def link(broker, **settings: str) -> BrokerLink:
    made = MqttSettings(url=f"mqtts://127.0.0.1:{broker.port}", connect_timeout_s=3, **settings)
    return BrokerLink(made, settle=lambda _: None, clock=lambda: datetime.now(UTC), commit_rows=1)


def test_with_a_certificate_of_the_site_it_is_let_in(strict_broker, authority: Authority):
    certificate, key = authority.issue("agent")
    made = link(
        strict_broker, ca_file=str(authority.path), cert_file=str(certificate), key_file=str(key)
    )
    made.connect()
    assert made.subscribed
    made.close()


def test_without_one_it_is_not(strict_broker, authority: Authority):
    made = link(strict_broker, ca_file=str(authority.path))
    with pytest.raises(BrokerUnreachable):
        made.connect()
    made.close()


def test_a_broker_of_another_site_is_not_believed(strict_broker, tmp_path: Path):
    (tmp_path / "other").mkdir()
    made = link(strict_broker, ca_file=str(Authority(tmp_path / "other").path))
    with pytest.raises(BrokerUnreachable, match="certificate"):
        made.connect()
    made.close()
