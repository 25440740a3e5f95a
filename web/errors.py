"""Refusals as answers: every error of the API is one problem document (RFC 9457), in Chinese and with a stable code."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, redirect, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import errors
from engine.columns import dump_json
from engine.files import FileTooLarge
from engine.scanner import ScanFailed
from web import context
from web.wording import N_, _, spoken

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

TITLES: Mapping[int, str] = {
    400: N_("请求有误"),
    401: N_("尚未登录"),
    403: N_("无权办理"),
    404: N_("没有找到"),
    405: N_("不支持的操作"),
    406: N_("无法按要求的格式回答"),
    408: N_("请求超时"),
    409: N_("现在不能这样办理"),
    412: N_("已有较新的版本"),
    413: N_("内容过大"),
    414: N_("地址过长"),
    415: N_("内容类型不支持"),
    422: N_("填写有误"),
    428: N_("没有说明改的是哪一版"),
    429: N_("过于频繁"),
    500: N_("系统内部错误"),
    503: N_("暂时无法服务"),
}
UNDONE = N_("未能完成")  # of any other status


class RequestInvalid(JiqunError):
    """A request that cannot be read: its status says in which way."""

    code = "request_invalid"

    def __init__(self, message: str, status: int = 400, problems: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problems = problems or []


class NotReady(JiqunError):
    """The database or the worker does not answer as it should."""

    code = "not_ready"


# The first class that fits decides; what is not named is somebody's wrong input.
_STATUS: tuple[tuple[type[JiqunError], int], ...] = (
    (errors.SignInFailed, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.KeyReused, 422),
    (errors.Overtaken, 412),
    (errors.TooMany, 429),
    (errors.Conflict, 409),
    (errors.Refused, 409),
    (errors.CaseStopped, 409),
    (errors.StateUnreadable, 409),
    (errors.DatabaseOutdated, 503),
    (errors.DatabaseNewer, 503),
    (FileTooLarge, 413),
    (ScanFailed, 503),
    (NotReady, 503),
)


def install(app: Flask) -> None:
    """Let every error of `app` leave as a problem document."""
    app.register_error_handler(JiqunError, refused)
    app.register_error_handler(HTTPException, _not_served)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(Exception, _unexpected)


def as_page() -> bool:
    """Whether a refusal is read by a person: not in the API, and not by a script that asks for JSON."""
    path = request.path
    return not path.startswith(("/api/", "/healthz", "/readyz")) and (
        request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html") == "text/html"
    )


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """A problem document; `more` are members beside the standard ones. For a person, a page that says the same.

    A page's script shows the detail to its reader, in their language; who asks the API reads Chinese.
    """
    detail = spoken(detail)
    if as_page():
        return _page(status, detail)
    document = {
        "type": f"urn:jiqun:problem:{code}",
        "title": TITLES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        "instance": request.path,
        "code": code,
        **more,
    }
    answer = Response(dump_json(document), status=status, mimetype=MEDIA_TYPE)
    if status == 401:
        shown = 'Bearer realm="jiqun", error="invalid_token"' if "Authorization" in request.headers else "Bearer"
        answer.headers["WWW-Authenticate"] = shown
    if status == 503:
        answer.headers["Retry-After"] = "5"  # seconds
    return answer


def status_of(error: JiqunError) -> int:
    """The HTTP status a refusal leaves with."""
    if isinstance(error, RequestInvalid):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 422)


def refused(error: JiqunError) -> BaseResponse:
    """The problem document of a refusal, with a form's problems one by one; who owes a password is sent to it."""
    if isinstance(error, errors.PasswordDue) and as_page():
        return redirect(url_for("own.show"), 303)
    more: dict[str, Any] = {}
    if isinstance(error, errors.FormInvalid | RequestInvalid) and error.problems:
        more["problems"] = [_field_problem(found) for found in error.problems]
    answer = problem(status_of(error), error.code, error.message, **more)
    if isinstance(error, errors.TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _page(status: int, detail: str) -> Response:
    from web.pages import desk, frame  # noqa: PLC0415  # the pages stand on this module

    if status == 401:
        return desk.sign_in_again(detail)
    if status >= 500:
        frame.ask_nothing()
    title = _(TITLES.get(status, UNDONE))
    return frame.page("error.html", status, title=title, detail=detail, code=status, back=_form_page())


def _form_page() -> str:
    """The page of ours whose form has been refused; empty where a link was followed."""
    came_from = urlsplit(request.referrer or "")
    return came_from.path if request.method == "POST" and came_from.netloc == request.host else ""


def _too_large() -> str:
    """Why a whole request was not taken, before anything of it was read."""
    if request.mimetype != "multipart/form-data":
        return _("请求内容超过限制，请压缩或拆分后再提交")
    chosen = context.current().settings
    public = (request.endpoint or "").startswith("objections")
    return _(
        "提交的内容超过限制，没有保存：单个文件不超过 %(most)s MB，一次提交的文件合计不超过 %(in_all)s MB；"
        "请将文件压缩、拆分或分次上传",
        most=chosen.objection_megabytes if public else chosen.file_megabytes,
        in_all=current_app.config["FILES_MEGABYTES"],
    )


def _field_problem(found: Any) -> dict[str, Any]:
    if isinstance(found, Mapping):
        return dict(found)
    return {"field": found.field, "code": found.code, "message": spoken(found.message)}


def _not_served(error: HTTPException) -> Response:
    status = error.code or 500
    detail = {
        404: _("没有这个页面；请检查地址，或从首页进入")
        if as_page()
        else "没有这个地址；可用的地址见 /api/v1/openapi.json",
        405: _("此地址不支持 %(method)s", method=request.method),
        413: _too_large(),
    }.get(status, _(TITLES.get(status, UNDONE)))
    answer = problem(status, HTTPStatus(status).name.lower(), detail)
    for name, value in error.get_headers(request.environ):
        if name.lower() == "allow":
            answer.headers[name] = value
    return answer


def _database_away(error: OperationalError) -> Response:
    log.error("database not reached: %s", type(error.orig).__name__)
    return problem(503, "database_unavailable", _("数据库暂时不可用，本次操作没有生效，请稍后重试"))


def _unexpected(_error: Exception) -> Response:
    log.exception("%s %s failed", request.method, request.url_rule)  # the rule, not the path: no ids, no names
    return problem(500, "internal_error", _("系统出现内部错误，本次操作没有生效；管理员可在日志中查看"))
