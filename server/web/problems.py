"""Errors as RFC 9457 problem documents, or as a page for people. Never the caller's own input."""

from __future__ import annotations

import traceback
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import structlog
from flask import Flask, Response, g, json, make_response, redirect, render_template, request
from jinja2 import TemplateNotFound
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from server.domain.errors import Missing, OfficeError

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 2

log = structlog.get_logger()

_WORDS = {
    400: "The request cannot be read; check how it was sent.",
    401: "Sign in, or send a valid bearer token.",
    403: "This account may not do that; ask for the right role.",
    404: "There is nothing at this address; check it.",
    405: "This address does not take that method; see the Allow header.",
    406: "This address cannot answer in the form asked for.",
    413: "The request is too large; send it in smaller parts.",
    415: "Send the body as application/json.",
    429: "Too many attempts; wait before you try again.",
    431: "The request's header is too large; shorten it.",
    500: "Something went wrong here; the log has it under this instance.",
    503: "Not available just now; try again shortly.",
}
_WORDS_ZH = {
    400: "请求无法识别，请刷新页面后重试。",
    401: "请先登录。",
    403: "当前账号没有此权限。",
    404: "没有这个页面，请检查地址。",
    405: "此地址不支持该操作。",
    413: "提交的内容过大，请分次提交。",
    429: "尝试次数过多，请稍后再试。",
    500: "系统出错，已记录。请稍后重试。",
    503: "暂时不可用，请稍后重试。",
}


class StreamsFull(OfficeError):
    """Every stream is taken; callers poll or come back."""

    status = 503
    retry = True


class TokenMissing(HTTPException):
    """Nobody is signed in, or the token does not hold."""

    code = 401
    description = _WORDS[401]


class CsrfFailed(HTTPException):
    """A browser's request without the page's own token."""

    code = 403
    description = "The page's token is missing or old; reload the page and send X-CSRFToken."


def register(app: Flask) -> None:
    app.register_error_handler(OfficeError, _office_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(Exception, _unexpected)


def wants_page() -> bool:
    """Whether a person with a browser asked, outside the API."""
    if request.path.startswith("/api/") or request.path in {"/metrics", "/readyz", "/healthz"}:
        return False
    return request.accept_mimetypes.accept_html


def problem(status: int, detail: str, *, kind: str = "about:blank", **facts: object) -> Response:
    """A problem document. ``facts`` are its extra members."""
    body = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{g.get('request_id', '00000000-0000-0000-0000-000000000000')}",
        **facts,
    }
    return Response(json.dumps(body), status, content_type=PROBLEM_TYPE)


def _office_error(error: OfficeError) -> AnyResponse:
    if wants_page():
        return _page(error.status)
    detail = "There is no such thing; check the id." if isinstance(error, Missing) else str(error)
    answer = problem(error.status, detail, kind=_kind(error), **error.facts)
    if error.retry:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _http_error(error: HTTPException) -> AnyResponse:
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    if wants_page():
        return _sign_in() if status == 401 else _page(status, _words_zh(error))
    detail = error.description if isinstance(error, CsrfFailed) else _WORDS.get(status)
    answer = problem(status, detail or HTTPStatus(status).description or "The request failed.")
    _keep_headers(error, answer)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="xiaonao"'
    return answer


def _unexpected(error: Exception) -> AnyResponse:
    """The log gets the place, never the message: messages quote data."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    log.error(
        "request_failed",
        error=type(error).__name__,
        request_id=g.get("request_id"),
        endpoint=request.endpoint,
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )
    return _page(500) if wants_page() else problem(500, _WORDS[500])


def _database_away(error: Exception) -> AnyResponse:
    """Busy or gone: nothing was kept, so the same request may come again."""
    log.error("database_away", error=type(error).__name__, request_id=g.get("request_id"))
    if wants_page():
        return _page(503)
    answer = problem(503, "The database does not answer just now; send the same again shortly.")
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _kind(error: OfficeError) -> str:
    name = "".join(f"-{c.lower()}" if c.isupper() else c for c in type(error).__name__)
    return f"urn:xiaonao:problem:{name.lstrip('-')}"


def _keep_headers(error: HTTPException, answer: Response) -> None:
    for name, value in error.get_headers(request.environ):
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value


def _sign_in() -> AnyResponse:
    """To the sign-in page, and afterwards back to the page in hand; a form is not sent again."""
    here = request.full_path.rstrip("?")
    if request.method != "GET":
        here = urlsplit(request.referrer or "").path or "/"
    return redirect(f"/login?next={quote(here, safe='/')}", code=303)


def _words_zh(error: HTTPException) -> str:
    if isinstance(error, CsrfFailed):
        return "页面已过期，请返回上一页刷新后重试。"
    return _WORDS_ZH.get(error.code or 500, "请求未能完成。")


def _page(status: int, words: str = "") -> AnyResponse:
    """The house's error page when there is one, else three plain lines."""
    words = words or _WORDS_ZH.get(status, "请求未能完成。")
    try:
        text = render_template("error.html", status=status, detail=words)
    except TemplateNotFound:
        text = (
            '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>小脑</title>'
            f'<h1>{status}</h1><p>{words}</p><p><a href="/">返回首页</a></p></html>'
        )
    return Response(text, status, content_type="text/html; charset=utf-8")
