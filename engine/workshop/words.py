"""What the modeller offers, out of a bundle: forms, people, time limits, letters, tables, processes, words and acts.

Whoever draws chooses by names they know; what stands in the diagram are the ids beside them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from lxml import etree

from config.regime import Period
from engine import conventions, letters, vocabulary, xml
from engine.bundle import Files
from engine.forms import Form
from engine.lint import dmn, elements
from engine.lint.surroundings import Surroundings, properties, read
from engine.workshop import titles

Choice: TypeAlias = dict[str, Any]  # {"id", "title"} and what else the panel shows of it


def offered(files: Files, path: str) -> dict[str, Any]:
    """What may stand in the diagram of this path, as JSON. Files that cannot be read offer nothing."""
    around = read(files)
    process = path.removesuffix(".bpmn")
    return {
        "process": process,
        "forms": [_form(name, form) for name, form in sorted(around.forms.items()) if form is not None],
        "roles": _choices(conventions.ROLES, conventions.ROLES),
        "places": _choices([*_CALLED, *around.levels], titles.PLACES),
        "offices": _choices(["bureau", *around.levels], titles.PLACES),
        "limits": _periods(around, "limits"),
        "periods": _periods(around, "periods"),
        "thresholds": _thresholds(around),
        "closings": _choices(sorted(conventions.CLOSINGS), titles.CLOSINGS),
        "audiences": _choices(sorted(conventions.AUDIENCES), titles.AUDIENCES),
        "acts": [
            {"id": act, "title": titles.ACTS[act], "gives": sorted(given)} for act, given in conventions.ACTS.items()
        ],
        "effects": [_effect(effect, files, around) for effect in conventions.EFFECTS],
        "letters": _letters(files),
        "decisions": sorted(_decisions(around), key=lambda choice: str(choice["id"])),
        "processes": sorted(_processes(around, process), key=lambda choice: str(choice["id"])),
        "messages": sorted(_messages(around)),
        "vocabulary": _vocabulary(),
        "names": _names(around, process),
        "steps": [{"id": task, "title": name} for task, name in sorted(_steps(around, process).items())],
        "clauses": _clauses(around, process),
        "engine": {"refused": sorted(elements.refused()), "events": elements.events()},
    }


def of_table(files: Files) -> dict[str, Any]:
    """What a decision table's cells may name: the regime's numbers, its clauses, the facts asked for."""
    around = read(files)
    clauses = around.clauses.duties if around.clauses else ()
    return {
        "thresholds": _thresholds(around),
        "clauses": list(dict.fromkeys(duty.clause for duty in clauses)),
        "criteria": dict(around.regime.criteria) if around.regime else {},
        "facts": sorted(dmn.FACT_NAMES),
        "vocabulary": _vocabulary(),
    }


def titled(files: Files, ending: str) -> list[tuple[str, str]]:
    """The files with this ending, each with the name that people know it by; one that cannot be read has its own."""
    around = read(files)
    found = []
    for path in sorted(path for path in files if path.endswith(ending)):
        root = around.diagrams.get(path, around.tables.get(path))
        part = next(root.iter("{*}process", "{*}decision"), None) if root is not None else None
        found.append((path, (part.get("name") if part is not None else None) or path))
    return found


_CALLED = ("applicant", "county", "bureau", "office", "above")  # conventions.PLACES, nearest first


def _vocabulary() -> list[Choice]:
    return [
        {"id": word, "written": titles.WORDS[word][0], "title": titles.WORDS[word][1]}
        for word in sorted(vocabulary.WORDS)
    ]


def _choices(ids: Iterable[str], called: Mapping[str, str]) -> list[Choice]:
    return [{"id": each, "title": called[each]} for each in ids]


def _form(name: str, form: Form) -> Choice:
    fields = [
        {
            "id": field,
            "title": form.title_of(field),
            "choices": [{"id": value, "title": form.label_of(field, value)} for value in form.choices(field)],
        }
        for field in form.document["properties"]
    ]
    return {"id": name, "title": form.title, "returns": form.returns, "facts": form.has_facts, "fields": fields}


def _periods(around: Surroundings, section: str) -> list[Choice]:
    """Time limits by the names of the steps that keep to them: their own names are for machines."""
    known: Mapping[str, Period] = getattr(around.regime, section) if around.regime else {}
    steps: dict[str, dict[str, None]] = {}
    for task in _user_tasks(around):
        steps.setdefault(properties(task).get("limit", ""), {})[task.get("name", "")] = None
    return [
        {
            "id": name,
            "title": titles.PERIODS.get(name) or "、".join(steps.get(name, ())) or name,
            "working_days": period.working_days,
            "clause": period.basis,
        }
        for name, period in known.items()
    ]


def _thresholds(around: Surroundings) -> list[Choice]:
    """The numbers by the titles of the form fields that are held against them."""
    asked: dict[str, str] = {}
    for form in filter(None, around.forms.values()):
        for schema in map(form.field, form.document["properties"]):
            facts = schema.get("x-fact", [])
            for fact in facts if isinstance(facts, list) else [facts]:
                asked.setdefault(fact["fact"].partition(".")[0], str(schema["title"]))
    return [
        {
            "id": name,
            "title": titles.THRESHOLDS.get(name) or asked.get(name, name),
            "value": str(given.value),
            "unit": given.unit,
            "clause": given.clause,
        }
        for name, given in (around.regime.thresholds if around.regime else {}).items()
    ]


def _effect(effect: str, files: Files, around: Surroundings) -> Choice:
    """A service and its parameters; `choices` None: an expression."""
    known = {
        ("letter", "template"): _letters(files),
        ("letter", "to"): _choices([*_CALLED, "applicant_and_county", *around.levels], titles.PLACES),
        ("announce", "kind"): _choices(conventions.NOTICE_FORMS, titles.NOTICES),
        ("open_publicity", "period"): _periods(around, "periods"),
        ("set_round", "state"): _choices(sorted(conventions.ROUND_STATES), titles.ROUND_STATES),
    }
    parameters = [
        {"id": name, "title": titles.PARAMETERS[name], "choices": known.get((effect, name))}
        for name in titles.PARAMETERS
        if name in conventions.EFFECTS[effect]
    ]
    return {"id": effect, "title": titles.EFFECTS[effect], "parameters": parameters}


def _letters(files: Files) -> list[Choice]:
    """The letters with their subjects: what people know them by."""
    found = []
    for path, content in sorted(files.items()):
        if path.startswith("letters/"):
            try:
                subject = letters.text(content).partition("\n")[0]
            except ValueError:
                continue  # the check says why
            found.append({"id": path.removeprefix("letters/").removesuffix(".txt"), "title": subject})
    return found


def _decisions(around: Surroundings) -> Iterator[Choice]:
    for path, root in around.tables.items():
        for decision in root.iter(f"{{{xml.namespace(root)}}}decision"):
            own = decision.get("id", "")
            yield {"id": own, "title": decision.get("name", own), "file": path, "gives": sorted(around.decisions[own])}


def _processes(around: Surroundings, process: str) -> Iterator[Choice]:
    """The processes that this one may call: none that leads back to it."""
    for other in around.processes:
        if other != process and process not in around.called_by(other):
            name = next((each.get("name", other) for each in around.process(other)), other)
            yield {"id": other, "title": name, "office": around.asks_office(other), "ends": _ends(around, other)}


def _messages(around: Surroundings) -> set[str]:
    """The names under which processes of this bundle tell each other something."""
    roots = around.diagrams.values()
    return {message.get("name") or "" for root in roots for message in root.iter(xml.tag("message"))} - {""}


def _ends(around: Surroundings, process: str) -> list[Choice]:
    """The end events that the variable `outcome` may name behind a call of this process."""
    ends = (end for root in around.process(process) for end in root.findall(xml.tag("endEvent")))
    return [{"id": end.get("id", ""), "title": end.get("name", "")} for end in ends]


def _names(around: Surroundings, process: str) -> list[Choice]:
    """The variables that a condition of this process may name, with the words of the form that asks for each."""
    asked: dict[str, str] = {}
    for form in filter(None, around.forms.values()):
        for field in form.fields():
            asked.setdefault(field, form.title_of(field))
    called = {**asked, **titles.GIVEN}
    return [
        {"id": name, "title": called.get(name, name), "variable": True}
        for name in sorted(around.names(process))
        if name
    ]


def _steps(around: Surroundings, process: str) -> dict[str, str]:
    """The user tasks that a case of this process may have, its own and those of called and calling processes."""
    known = around.user_tasks(process)
    return {task.get("id", ""): task.get("name", "") for task in _user_tasks(around) if task.get("id") in known}


def _user_tasks(around: Surroundings) -> Iterator[etree._Element]:
    for root in around.diagrams.values():
        yield from root.iter(xml.tag("userTask"))


def _clauses(around: Surroundings, process: str) -> dict[str, Choice]:
    """What each step of this process stands on: its clause with its gist, or why it has none."""
    if around.clauses is None:
        return {}
    found: dict[str, Choice] = {}
    for duty in around.clauses.duties:
        for carrier in duty.carriers:
            owner, _, step = carrier.id.partition(".")
            if carrier.kind == "element" and owner == process:
                found.setdefault(step, {"clauses": [], "internal": None})["clauses"].append(
                    {"clause": duty.clause, "gist": duty.gist}
                )
    for element, reason in around.clauses.internal.items():
        owner, _, step = element.partition(".")
        if owner == process:
            found[step] = {"clauses": [], "internal": reason}
    return found
