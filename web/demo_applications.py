"""A demo cluster's application: the printed sample with the cluster's own words, years and figures in it."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from engine.forms import Form

Plan: TypeAlias = Mapping[str, Any]

SAMPLE = Path(__file__).with_name("demo_application.json")
CENT = Decimal("0.01")


def name_of(cluster: Plan) -> str:
    """The cluster's name as the form wants it."""
    return f"{cluster['place']}中小企业特色产业集群（{cluster['industry']}产业）"


def answers(form: Form, told: Plan, cluster: Plan, *, year: int, today: date, changes: Plan) -> dict[str, Any]:
    """A whole application for `year`, signed today, as far as the regime's form asks for it.

    `told` is what stands in every application; `changes` replace answers, three values go to the three years.
    """
    sample: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    years = [str(year - 3 + number) for number in range(3)]
    words = dict(told)
    numbers, enterprise, business = (words.pop(key) for key in ("enterprise_numbers", "enterprise", "main_business"))
    said = {name: text.format(**cluster) for name, text in words.items()}
    names = [enterprise.format(number=number, **cluster) for number in numbers]
    data = sample | said | _figures(sample, cluster)
    data |= {
        "application_year": year,
        "applied_on": today.isoformat(),
        "signed_on": today.isoformat(),
        "cluster_name": name_of(cluster),
        "leading_industry": cluster["industry"],
        "niche": cluster["niche"],
        "enterprises": [
            _enterprise(sample["enterprises"][0], name, business.format(**cluster), cluster, share)
            for share, name in enumerate(reversed(names), 3)  # % of the whole
        ][::-1],
    }
    for field, values in {**data, **changes}.items():
        by_year = isinstance(sample.get(field), dict) and set(sample[field]) == {"2022", "2023", "2024"}
        if by_year:
            data[field] = dict(zip(years, values if isinstance(values, list) else values.values(), strict=True))
        else:
            data[field] = values
    return {name: value for name, value in data.items() if name in form.fields()}


def _figures(sample: Plan, cluster: Plan) -> dict[str, Any]:
    """What follows from the few figures that a cluster has of its own."""
    first, second, last = map(Decimal, cluster["output"])
    average = ((last / first).sqrt() - 1) * 100
    growth = [average, (second / first - 1) * 100, (last / second - 1) * 100]
    enterprises = [cluster["enterprises"] * part // 100 for part in (86, 92, 100)]
    base = _cents(average)
    return {
        "output": cluster["output"],
        "output_growth": [_cents(value) for value in growth],
        "output_growth_average": base,
        "enterprise_count": enterprises,
        "sme_count": [count - 4 for count in enterprises],
        "area_km2": cluster["area_km2"],
        "sme_staff": cluster["staff"],
        "patent_count": cluster["patents"],
        "target_output_growth": {"base": base, "goal": _cents(average + Decimal("1.50"))},
        "target_patents": {"base": cluster["patents"], "goal": cluster["patents"] * 3 // 2},
        "other_targets": [{**target, "indicator": "集体商标使用企业"} for target in sample["other_targets"]],
    }


def _enterprise(row: Plan, name: str, business: str, cluster: Plan, share: int) -> dict[str, Any]:
    """A row of the 企业发展情况表: so many per cent of the cluster's output and staff, the rest in proportion."""
    made = dict(row) | {"name": name, "main_business": business}
    outputs = [Decimal(value) * share / 100 for value in cluster["output"]]
    for number, output in enumerate(outputs, 1):
        made[f"output_{number}"] = _cents(output)
        for column in ("rd", "software", "exports"):
            scaled = Decimal(row[f"{column}_{number}"]) * output / Decimal(row[f"output_{number}"])
            made[f"{column}_{number}"] = _cents(scaled)
    made["staff"] = cluster["staff"] * share // 100
    made["rd_staff"] = made["staff"] // 8
    return made


def _cents(value: Decimal) -> str:
    return str(value.quantize(CENT))
