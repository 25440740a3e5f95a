"""Reading requests: JSON without surprises, checked against the model a view asks for."""

import json
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from web.errors import RequestInvalid
from web.wording import _

JSON_BYTES = 2 * 1024 * 1024
MOST_DIGITS = 40  # of a number, before and after the point: 1e999999999 would be an int of a billion digits

Model = TypeVar("Model", bound=BaseModel)


def body(model: type[Model]) -> Model:
    """The request's JSON as `model`. Raises RequestInvalid: 415 not JSON, 400 unreadable, 422 wrong."""
    if request.mimetype != "application/json":
        raise RequestInvalid("请求内容应为 JSON，Content-Type 应为 application/json", 415)
    request.max_content_length = JSON_BYTES
    try:
        return model.model_validate(parse(request.get_data()))
    except ValidationError as error:
        raise _wrong(error) from error


def form(model: type[Model], *, files: str) -> Model:
    """The texts of a multipart form as `model`; its files come under the name `files` alone.

    Raises RequestInvalid: 422; a field given twice or unknown is wrong too.
    """
    unknown = {name: "" for name in request.files if name != files}
    try:
        return model.model_validate({**_single(request.form), **unknown}, strict=False)
    except ValidationError as error:
        raise _wrong(error) from error


def query(model: type[Model]) -> Model:
    """The query string as `model`. Raises RequestInvalid: 422; a parameter given twice or unknown is wrong too."""
    try:
        return model.model_validate(_single(request.args))
    except ValidationError as error:
        raise _wrong(error) from error


def parse(raw: bytes) -> Any:
    """JSON with exact decimals. Raises RequestInvalid for what is no JSON, or could not be stored.

    Refused as well: a name twice in one object, NaN, numbers of absurd length, NUL and lone surrogates.
    """
    try:
        parsed = json.loads(
            raw.decode("utf-8"),
            parse_float=_decimal,
            parse_int=_whole,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
        _storable(parsed)
    except RequestInvalid:
        raise
    except (ValueError, RecursionError) as error:
        raise RequestInvalid(_("请求内容不是有效的 JSON（UTF-8）")) from error
    return parsed


def refuse_unstorable_address() -> None:
    """A NUL in an address or a query would fail in the database."""
    if "\x00" in request.path or any("\x00" in text for pair in request.args.items(multi=True) for text in pair):
        raise RequestInvalid(_("地址中含有不能使用的字符"))


def too_large(limit: int) -> None:
    """Raises 413 early, before anything of the body is read."""
    if (request.content_length or 0) > limit:
        raise RequestEntityTooLarge


def _single(given: MultiDict[str, str]) -> dict[str, Any]:
    """Each name with its text; with all of them where it came more than once, which no model takes."""
    return {name: values if len(values) > 1 else values[0] for name, values in given.to_dict(flat=False).items()}


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101  # JSON's grammar has no infinity
    if number.adjusted() > MOST_DIGITS or exponent < -MOST_DIGITS:
        _no_number(text)
    return number


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        _no_number(text)
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise RequestInvalid(_("不能使用的数：%(number)s", number=text[:20]))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RequestInvalid(_("JSON 对象中同一名称出现了两次"))
    return made


def _storable(value: Any) -> None:
    if isinstance(value, str):
        value.encode("utf-8")  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
        if "\x00" in value:
            raise RequestInvalid(_("文本中含有不能使用的字符（NUL）"))
    elif isinstance(value, dict):
        for name, inner in value.items():
            _storable(name)
            _storable(inner)
    elif isinstance(value, list):
        for inner in value:
            _storable(inner)


def _wrong(error: ValidationError) -> RequestInvalid:
    problems = [
        {
            "field": ".".join(str(part) for part in found["loc"]),
            "code": found["type"],
            "message": _MESSAGES.get(found["type"], "填写有误").format(**found.get("ctx", {})),
        }
        for found in error.errors(include_url=False, include_input=False)
    ]
    return RequestInvalid("请求内容不符合要求，请按提示修改", 422, problems)


_MESSAGES = {
    "missing": "必须填写",
    "extra_forbidden": "没有这一项",
    "string_type": "应为文本",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "literal_error": "只能是 {expected}",
}
