"""The API's contract, declared once: parsed by it, answered by it, documented from it.

    cases = Operations("cases")

    @cases.post("/cases/<case_id>/assign", Action.ASSIGN, body=AssignBody, answers={200: CaseView})
    def assign(office: Office, actor: Actor, case_id: str, body: AssignBody) -> CaseView:
        return dispatch.assign(office, case_id, body.unit_id, actor)

Bodies are JSON read in strict mode; every fault becomes a problem document that names the field
and never repeats what was sent.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from flask import Blueprint, Flask, Response, current_app, request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from werkzeug.exceptions import NotFound, RequestEntityTooLarge, UnsupportedMediaType

from server.web.access import Need, current_actor, current_office, needs
from server.web.problems import problem

V = TypeVar("V", bound=Callable[..., Any])
Method = Literal["GET", "POST"]

PREFIX = "/api/v1"
ID_PATTERN = r"^[0-9A-Za-z_.:-]{1,64}$"
_ID = re.compile(ID_PATTERN)
_PATH_ID = re.compile(r"<(\w+)>")
MAX_FAULTS = 20


class Body(BaseModel):
    """A request body. Fields nobody knows are ignored: the contract grows by adding."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Query(BaseModel):
    """Query parameters. Unknown ones are refused: a misspelt filter must not show everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A value with another status than the operation's first."""

    value: object
    status: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API. ``answers`` maps a status to the type of its body; first is usual."""

    method: Method
    path: str
    need: Need
    tag: str
    view: Callable[..., Any]
    answers: Mapping[int, Any]
    body: type[Body] | None = None
    query: type[Query] | None = None
    media: str = "application/json"

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def summary(self) -> str:
        return (self.view.__doc__ or self.name).strip().splitlines()[0]

    @property
    def ids(self) -> list[str]:
        return _PATH_ID.findall(self.path)


@dataclass(slots=True)
class Operations:
    """The operations of one topic, in the order they are declared."""

    tag: str
    declared: list[Operation] = field(default_factory=list)

    def get(self, path: str, need: Need, **more: Any) -> Callable[[V], V]:
        return self._declare("GET", path, need, more)

    def post(self, path: str, need: Need, **more: Any) -> Callable[[V], V]:
        return self._declare("POST", path, need, more)

    def _declare(
        self, method: Method, path: str, need: Need, more: dict[str, Any]
    ) -> Callable[[V], V]:
        def keep(view: V) -> V:
            self.declared.append(Operation(method, path, need, self.tag, view, **more))
            return view

        return keep


class BadRequestShape(Exception):
    """Something sent does not fit; carries the faults as ``(field, words)``."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(f"{len(faults)} fields do not fit")
        self.faults = faults


def mount(app: Flask, operations: list[Operation]) -> None:
    """Give every operation its address below the API's prefix."""
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    for operation in operations:
        api.add_url_rule(
            operation.path,
            endpoint=operation.name,
            view_func=needs(operation.need)(_handler(operation)),
            methods=[operation.method],
            provide_automatic_options=False,
        )
    app.register_blueprint(api)
    app.register_error_handler(BadRequestShape, _shape_problem)


def read_body(model: type[Body], raw: bytes) -> Body:
    """The parsed body. Raises BadRequestShape; an empty body counts as ``{}``."""
    try:
        return model.model_validate_json(raw or b"{}", strict=True)
    except ValidationError as error:
        raise BadRequestShape(_faults(error, "body")) from None


def read_query(model: type[Query], sent: Mapping[str, list[str]]) -> Query:
    """The parsed query parameters; empty ones count as not given. Raises BadRequestShape."""
    known = {info.alias or name for name, info in model.model_fields.items()}
    unknown = sum(name not in known for name in sent)
    if unknown:
        words = f"{unknown} unknown; this address takes: {', '.join(sorted(known)) or 'none'}"
        raise BadRequestShape([("query", words)])
    twice = [(name, "is given more than once") for name, all_ in sent.items() if len(all_) > 1]
    if twice:
        raise BadRequestShape(twice)
    given = {name: values[0] for name, values in sent.items() if values[0] != ""}
    try:
        return model.model_validate_strings(given)
    except ValidationError as error:
        raise BadRequestShape(_faults(error, "query")) from None


def _handler(operation: Operation) -> Callable[..., Response]:
    adapters = {status: TypeAdapter(kind) for status, kind in operation.answers.items()}
    usual = next(iter(operation.answers))

    def handle(**ids: str) -> Response:
        if not all(_ID.match(value) for value in ids.values()):
            raise NotFound
        sent: dict[str, object] = dict(ids)
        if operation.body is not None:
            _check_media()
            sent["body"] = read_body(operation.body, _raw_body())
        if operation.query is not None:
            sent["query"] = read_query(operation.query, request.args.to_dict(flat=False))
        answer = operation.view(current_office(), current_actor(), **sent)
        if isinstance(answer, Response):
            return answer
        reply = answer if isinstance(answer, Reply) else Reply(answer, usual)
        return Response(
            adapters[reply.status].dump_json(reply.value, by_alias=True),
            reply.status,
            content_type=operation.media,
        )

    return handle


def _raw_body() -> bytes:
    """What was sent, unpacked where it says that it is gzip; bounded like any other body."""
    raw = request.get_data(cache=False)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return raw
    if encoding != "gzip":
        raise UnsupportedMediaType
    bound = current_app.config["MAX_CONTENT_LENGTH"]
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        out = unpacker.decompress(raw, bound + 1)
    except zlib.error:
        raise BadRequestShape([("body", "calls itself gzip and is none")]) from None
    if len(out) > bound:
        raise RequestEntityTooLarge
    if not unpacker.eof:
        raise BadRequestShape([("body", "is cut short")])
    return out


def _check_media() -> None:
    """JSON, or nothing said; a body that calls itself something else is not read."""
    said = request.mimetype
    if said and said != "application/json" and not said.endswith("+json"):
        raise UnsupportedMediaType
    if request.mimetype_params.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType


def _faults(error: ValidationError, whole: str) -> list[tuple[str, str]]:
    """Dotted fields and words, without a trace of the input."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return [
        (".".join(str(part) for part in fault["loc"]) or whole, _words(fault["msg"]))
        for fault in found[:MAX_FAULTS]
    ]


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")


def _shape_problem(error: BadRequestShape) -> Response:
    name, words = error.faults[0]
    faults = [{"field": field_name, "detail": text} for field_name, text in error.faults]
    return problem(
        422,
        f"{name}: {words}",
        kind="urn:xiaonao:problem:invalid",
        field=name,
        errors=faults,
    )
