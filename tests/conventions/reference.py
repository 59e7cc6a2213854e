"""Makes docs/REFERENCE.md from the code itself: ``python tests/conventions/reference.py``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from flask import Flask
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from edge import telemetry, topics
from edge.cli import main as edge_cli
from edge.metrics import Metrics as EdgeMetrics
from server.app import open_office
from server.cli.main import cli as server_cli
from server.config import Settings, known_keys
from server.web.access import need_of
from server.web.flask_app import create_web, operations
from server.web.metrics import Metrics as WebMetrics
from triage.cli import cli as triage_cli
from triage.cli_learning import add_learning

PAGE = Path(__file__).parents[2] / "docs" / "REFERENCE.md"
HEAD = """# Reference

Made from the code by `python tests/conventions/reference.py`; a test fails when it is out of date.

Commands · settings · HTTP routes · MQTT topics · metrics. What the words mean is in
[DESIGN.md](DESIGN.md); the API's full description is served at `/api/v1/openapi.json`.
"""


def page() -> str:
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(Path(folder), Settings())
        app = create_web(office)
        parts = [
            HEAD,
            "## Commands\n",
            *_table(("command", "what it does"), commands()),
            "\n## Settings\n",
            "One file, `HOME/xiaonao.toml`; `XIAONAO_TABLE__KEY` in the environment wins.\n",
            *_table(("setting", "meaning", "default"), _settings()),
            "\n## HTTP routes\n",
            *_table(("route", "open to", "what it does"), _routes(app)),
            "\n## MQTT topics\n",
            *_table(("topic", "direction"), _topics()),
            "\n## Metrics\n",
            "`GET /metrics` of the server, and of the edge agent when `edge.http` is set.\n",
            *_table(("metric", "meaning"), _metrics(WebMetrics(office).registry)),
            *_rows(_metrics(EdgeMetrics().registry)),
        ]
        office.engine.dispose()
    return "\n".join(parts) + "\n"


def commands() -> Iterator[tuple[str, str]]:
    add_learning(triage_cli)
    for name, group in (
        ("xiaonao", server_cli),
        ("xiaonao-triage", triage_cli),
        ("xiaonao-edge", edge_cli),
    ):
        yield from _commands_of(name, group)


def _commands_of(name: str, command: click.Command) -> Iterator[tuple[str, str]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            below = command.get_command(context, word)
            assert below is not None, "a group lists only what it has"
            yield from _commands_of(f"{name} {word}", below)
        return
    arguments = [p.human_readable_name for p in command.params if isinstance(p, click.Argument)]
    yield f"`{' '.join((name, *arguments))}`", command.get_short_help_str(200)


def _settings() -> Iterator[tuple[str, str, str]]:
    for table, key, words, default in known_keys():
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        yield f"`{table}.{key}`", words, f"`{shown}`" if shown not in {"", None} else "empty"


def _routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    words = {(op.method, f"/api/v1{op.path}"): op.summary for op in operations()}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods = "/".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        doc = (app.view_functions[rule.endpoint].__doc__ or "").strip().splitlines()
        summary = words.get((methods, rule.rule)) or (doc[0] if doc else "")
        if rule.endpoint == "static":
            summary = "Files of the pages."
        yield f"`{methods} {rule.rule}`", str(need_of(app, rule.endpoint)), summary


def _topics() -> Iterator[tuple[str, str]]:
    root = f"{topics.ROOT}/{topics.VERSION}/<device_id>"
    for kind in (*telemetry.KINDS, topics.BATCH):
        yield f"`{root}/{kind}`", "from the device"
    for kind in topics.OWN_KINDS:
        yield f"`{root}/{kind}`", "to the device"
    yield "`owntracks/<user>/<device>` and below", "from the device"


def _metrics(registry: CollectorRegistry) -> Iterator[tuple[str, str]]:
    for family in sorted(registry.collect(), key=lambda family: family.name):
        yield f"`{family.name}`", family.documentation


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    line = "|".join("---" for _ in head)
    return [_row(head), f"|{line}|", *_rows(rows)]


def _rows(rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [_row(row) for row in rows]


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
