"""Small whole bundles for tests: diagrams with a regime, a form, a letter and a reason for every step."""

import json

from tests.diagrams import Diagram

REGIME = """
name = "somewhere"
title = "某市中小企业特色产业集群"
source = "某工信〔2025〕1号"
bureau = "440000"
in_force_from = 2025-01-01
criteria = {}
obligations = {}
thresholds = { area_km2 = { value = "100", unit = "平方公里", clause = "第一条" } }
limits = { acceptance = { working_days = 5, basis = "setting" } }
periods = { publicity = { working_days = 7, clause = "第二条" } }
validity = { years = 3, clause = "第三条", counts_first_day = false }
renewal = { window_months = 6, basis = "setting" }
"""
CLAUSES = """
[[clause]]
clause = "第一条"
gist = "培育集群"
actor = "各县"
outside = "不经办件办理"
"""

# Asks for every number of the regime, whatever the diagrams of a test ask for: one that nobody asks for is a fault.
NUMBERS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="n" name="数字" namespace="https://jiqun.example/n">
<decision id="numbers" name="数字">
<decisionTable id="numbers_table" hitPolicy="FIRST">
<input id="numbers_input"><inputExpression id="numbers_expression"><text>1</text></inputExpression></input>
<output id="numbers_output" name="numbers"/>
<rule id="numbers_rule">
<inputEntry id="numbers_cell"><text>-</text></inputEntry>
<outputEntry id="numbers_result">
<text>[deadline("acceptance"), deadline("publicity"), limit("area_km2")]</text>
</outputEntry>
</rule>
</decisionTable>
</decision>
</definitions>
"""


def form(**fields: list[str]) -> bytes:
    """A form file: a field a name, to choose among these values; without values it is a list of cases."""
    defs = {
        "choice": {"type": "string", "minLength": 1},
        "case": {"type": "integer", "minimum": 1, "maximum": 2147483647},
    }
    used = {"choice" if values else "case" for values in fields.values()}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "意见",
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, values in fields.items() if values],
        "properties": {name: _choice(values) if values else _cases() for name, values in fields.items()},
        "$defs": {kind: schema for kind, schema in defs.items() if kind in used},
    }
    return json.dumps(document, ensure_ascii=False).encode()


def bundle(*diagrams: Diagram, **more: bytes) -> dict[str, bytes]:
    """A whole bundle: these diagrams, a form, a letter, a regime, a table that asks for its numbers, and for every user
    task an internal reason.

    `more` are further files or others in their place, with __ for / and the last _ for the dot: forms__returned_json.
    """
    files = {f"{diagram.process}.bpmn": diagram.text() for diagram in diagrams}
    steps = [f"{diagram.process}.{task}" for diagram in diagrams for task in diagram.people]
    reasons = "".join(f'[[internal]]\nelement = "{step}"\nreason = "本局流程"\n' for step in steps)
    files |= {
        "forms/opinion.json": form(decision=["accept", "refuse"], cases=[]),
        "numbers.dmn": NUMBERS.encode(),
        "letters/told.txt": "结果通知\n\n您的申报已有结果。\n".encode(),
        "regime.toml": REGIME.encode(),
        "clauses.toml": (CLAUSES + reasons).encode(),
    }
    for key, content in more.items():
        stem, _, ending = key.replace("__", "/").rpartition("_")
        files[f"{stem}.{ending}"] = content
    return files


def _choice(values: list[str]) -> dict[str, object]:
    choices = {value: f"选项{number}" for number, value in enumerate(values, 1)}
    return {"$ref": "#/$defs/choice", "title": "决定", "enum": values, "x-ui": {"widget": "radio", "choices": choices}}


def _cases() -> dict[str, object]:
    return {
        "type": "array",
        "title": "名单",
        "x-ui": {"widget": "cases"},
        "items": {"$ref": "#/$defs/case"},
        "uniqueItems": True,
        "maxItems": 200,
    }
