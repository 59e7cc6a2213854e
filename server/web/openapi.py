"""OpenAPI 3.1, made from the same declarations that parse and answer."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from server.web.access import Access
from server.web.contract import ID_PATTERN, PREFIX, Operation

JsonObject = dict[str, Any]
VERSION = "1.0"
_REF = "#/components/schemas/{model}"
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_PROBLEM_SCHEMA: JsonObject = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "field": {"type": "string", "description": "Dotted name of the field at fault."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "winner": {"type": "string", "description": "The unit that has the case."},
    },
}
_WORDS = {
    200: "Done.",
    201: "Taken in.",
    401: "Nobody is signed in, or the token does not hold.",
    403: "The role or the unit is wrong.",
    404: "No such thing.",
    409: "The thing has moved on.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A field does not fit.",
    503: "Try again later.",
}


def document(operations: list[Operation]) -> JsonObject:
    """The whole description; deterministic, so that it can be kept as a snapshot."""
    schemas, bodies, answers = _schemas(operations)
    paths: JsonObject = {}
    for operation in operations:
        path = PREFIX + operation.path.replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[operation.method.lower()] = _describe(operation, bodies, answers)
    return {
        "openapi": "3.1.0",
        "info": {"title": "小脑 Xiaonao", "version": VERSION},
        "security": [{"bearer": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas | {"Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "xn_session"},
            },
        },
    }


def _schemas(
    operations: list[Operation],
) -> tuple[JsonObject, dict[str, JsonObject], dict[tuple[str, int], JsonObject]]:
    models = [(op.body, "validation") for op in operations if op.body is not None]
    refs, body_part = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    adapters = [
        ((op.name, status), "serialization", TypeAdapter(kind))
        for op in operations
        for status, kind in op.answers.items()
    ]
    made, answer_part = TypeAdapter.json_schemas(adapters, ref_template=_REF)  # type: ignore[arg-type]
    bodies = {op.name: refs[(op.body, "validation")] for op in operations if op.body is not None}
    answers = {key: schema for (key, _), schema in made.items()}
    found = {**body_part.get("$defs", {}), **answer_part.get("$defs", {})}
    return dict(sorted(found.items())), bodies, answers


def _describe(
    operation: Operation,
    bodies: dict[str, JsonObject],
    answers: dict[tuple[str, int], JsonObject],
) -> JsonObject:
    told: JsonObject = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation, answers),
    }
    if operation.need is Access.PUBLIC:
        told["security"] = []
    elif operation.need is not Access.SIGNED_IN:
        told["x-action"] = operation.need.value
    if operation.body is not None:
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": bodies[operation.name]}},
        }
    return told


def _parameters(operation: Operation) -> list[JsonObject]:
    found: list[JsonObject] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": ID_PATTERN},
        }
        for name in operation.ids
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema(by_alias=True)
        defs = schema.get("$defs", {})
        for name, part in schema["properties"].items():
            found.append(_query_parameter(name, part, defs))
    if operation.tag == "stream":
        found.append({"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}})
    return found


def _query_parameter(name: str, part: JsonObject, defs: JsonObject) -> JsonObject:
    """A parameter is left out or empty rather than null; what it may be is written in place."""
    kinds = [kind for kind in part.get("anyOf", [part]) if kind.get("type") != "null"]
    kind = dict(kinds[0])
    if "$ref" in kind:
        kind = dict(defs[kind["$ref"].rpartition("/")[2]])
    kind.pop("title", None)
    kind.pop("description", None)
    schema = {"anyOf": [kind, {"type": "string", "maxLength": 0}]}
    told: JsonObject = {"name": name, "in": "query", "required": False, "schema": schema}
    if "description" in part:
        told["description"] = part["description"]
    return told


def _responses(operation: Operation, answers: dict[tuple[str, int], JsonObject]) -> JsonObject:
    told: JsonObject = {
        str(status): {
            "description": _WORDS[status],
            "content": {operation.media: {"schema": answers[(operation.name, status)]}},
        }
        for status in operation.answers
    }
    for status in _faults(operation):
        told[str(status)] = {
            "description": _WORDS[status],
            "content": {"application/problem+json": {"schema": _PROBLEM}},
        }
    return told


def _faults(operation: Operation) -> list[int]:
    """Which problems a caller has to expect."""
    faults = {503}
    if operation.need is not Access.PUBLIC:
        faults |= {401, 403}
    if operation.ids:
        faults |= {404}
    if operation.body is not None:
        faults |= {413, 415, 422}
    if operation.ids and operation.method == "POST":
        faults |= {409}
    if operation.query is not None:
        faults |= {422}
    return sorted(faults)
