"""Do the carriers that clauses.toml names exist in the bundle? A duty's carrier is never taken at its word."""

import json
from collections.abc import Iterator, Mapping

from config import clauses as clause_files
from config import regime as regimes
from config.clauses import Carrier, Clauses
from config.regime import Regime
from engine import due_dates, xml

RECOMMENDATION = Carrier("page", "recommendation")  # where an office recommends upwards, whichever regime it does so in
CULTIVATION, TYPICAL_CASES = Carrier("page", "cultivation"), Carrier("page", "typical_cases")  # pool and public list
# Pages that may carry a duty: where figures are followed, reports are collected, what became known is settled.
PAGES = (RECOMMENDATION.id, CULTIVATION.id, TYPICAL_CASES.id, "figures", "reports", "findings")
EVALUATION = "evaluation"  # the draft of the evaluation report, where the regime asks for one


def there_are(files: Mapping[str, bytes]) -> frozenset[Carrier]:
    """Everything in the bundle that can carry a duty.

    Ids: `element` <process>.<element>, `row` <table>.<rule>, `field` <form>.<field>, `letter` <file>, `obligation`
    <kind>, `page` <page>. A row of criteria.dmn counts only where the regime uses it. Raises XmlRefused, RegimeInvalid.
    """
    regime = regimes.load(files["regime.toml"])
    return frozenset(Carrier(kind, name) for kind, name in _there_are(files, regime))


def missing(files: Mapping[str, bytes], clauses: Clauses | None = None) -> list[tuple[str, Carrier]]:
    """The carriers that clauses.toml names and the bundle lacks, each with its clause, in the text's order."""
    named = clauses or clause_files.load(files["clauses.toml"])
    present = there_are(files)
    return [(duty.clause, carrier) for duty in named.duties for carrier in duty.carriers if carrier not in present]


def _there_are(files: Mapping[str, bytes], regime: Regime) -> Iterator[tuple[str, str]]:
    yield from (("obligation", kind) for kind in (*regime.obligations, due_dates.RENEWAL, due_dates.EXPIRY))
    yield from (("page", page) for page in (*PAGES, *([EVALUATION] if regime.evaluation else [])))
    for path, content in files.items():
        stem, _, ending = path.rpartition("/")[2].rpartition(".")
        if ending == "bpmn":
            nodes = filter(xml.is_flow_node, xml.read(path, content).iter())
            yield from (("element", f"{stem}.{node.get('id')}") for node in nodes)
        elif ending == "dmn":
            rules = {node.get("id") for node in xml.read(path, content).iter() if xml.local(node) == "rule"}
            used = rules & regime.criteria.keys() if stem == "criteria" else rules
            yield from (("row", f"{stem}.{rule}") for rule in used)
        elif path.startswith("forms/"):
            yield from (("field", f"{stem}.{field}") for field in json.loads(content).get("properties", ()))
        elif path.startswith("letters/"):
            yield "letter", stem
