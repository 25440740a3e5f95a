"""How the API describes what the office's own files decide: forms, what is filled in them, figures of criteria."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

Filled = Annotated[dict[str, Any], Field(description="表单内容，字段见该表单的 JSON Schema")]

_SHOWN_WHEN = {
    "type": "object",
    "required": ["field", "in"],
    "properties": {"field": {"type": "string"}, "in": {"type": "array"}},
    "additionalProperties": False,
    "description": "只有 field 所写字段（它本身也要填）的值在 in 之中，才填这个字段；否则不填，也不必填",
}
FormSchema = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "required": ["$schema", "title", "type", "properties", "additionalProperties"],
            "properties": {
                "$schema": {"const": "https://json-schema.org/draft/2020-12/schema"},
                "title": {"type": "string"},
                "type": {"const": "object"},
                "properties": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "required": ["title"],
                        "properties": {"title": {"type": "string"}, "x-show-when": _SHOWN_WHEN},
                        "additionalProperties": True,
                    },
                },
                "required": {"type": "array", "items": {"type": "string"}},
                "additionalProperties": {"const": False},
                "$defs": {"type": "object"},
                "x-rules": {
                    "type": "array",
                    "items": {"type": "object", "required": ["rule"]},
                    "description": "字段之间的规则，由服务器检查；不符合的返回 422",
                },
            },
            "additionalProperties": True,
        }
    ),
]
Figure = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": ["string", "boolean", "integer", "null", "array", "object"],
            "items": {"type": ["string", "boolean", "integer", "null"]},
        }
    ),
]
