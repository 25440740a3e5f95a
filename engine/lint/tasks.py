"""User tasks and start events: their form, people, time limit, and the steps before them that they name."""

from collections.abc import Mapping

from lxml import etree

from engine import conventions, vocabulary, xml
from engine.lint.findings import Report, joined
from engine.lint.graph import Scope, scopes
from engine.lint.surroundings import Surroundings, listed, properties

_NEEDED = ("form", "role", "at")
_RETURN = ("decision", "return")  # the field of a form, and its value, with which a task sends the case back
_FIXED = conventions.GIVEN_NAMES - {"closes_at"}  # the program sets these; only the closing moment may change


def check(report: Report, root: etree._Element, around: Surroundings) -> None:
    """Report every reference of a person's step that leads nowhere in its bundle."""
    laned = {ref.text for ref in root.iter(xml.tag("flowNodeRef"))}
    for scope in scopes(root):
        for name in scope.of_kind("userTask"):
            _check_user_task(report, scope, name, around)
            if not {step.get("id") for step in _around(scope.nodes[name])} & laned:
                report.error(scope.nodes[name], "no-lane", "不在任何泳道里，看不出由哪个单位办理；请移进泳道")
        for name in scope.of_kind("startEvent"):
            _check_start(report, scope.nodes[name], around)


def _check_user_task(report: Report, scope: Scope, name: str, around: Surroundings) -> None:
    node = scope.nodes[name]
    given = properties(node)
    for key in _NEEDED:
        if not listed(given.get(key, "")):
            report.error(node, "property-missing", f"没有写明 {key}；用户任务应有表单 form、岗位 role 和办理单位 at")
    _check_roles(report, node, given.get("role", ""))
    if (place := given.get("at")) and place not in {*conventions.PLACES, *around.levels}:
        known = joined({*conventions.PLACES, *around.levels})
        report.error(node, "unknown-place", f"办理单位 at={place} 不存在；可用的有 {known}")
    _check_limit(report, node, given, around)
    _check_prechecked(report, node, given.get("prechecks"), around)
    _check_act(report, node, given, around)
    tasks = around.user_tasks(_process(node))
    for key in ("assigned_to", "not_by"):
        for other in listed(given.get(key, "")):
            if other not in tasks:
                report.error(node, "unknown-element", f"{key} 指向的 {other} 不是办件各流程中的用户任务；请改正编号")
    if given.get("form"):
        _check_form(report, scope, name, given, around)
    if around.clauses is not None:
        step = f"{_process(node)}.{name}"
        if around.clauses.clause_of(step) is None and around.clauses.internal_reason(step) is None:
            why = f"没有依据；请在 clauses.toml 中把 {step} 列为某一条款的 carriers，或在 [[internal]] 中写明理由"
            report.error(node, "no-clause", why)


def _process(node: etree._Element) -> str:
    return next((str(process.get("id")) for process in node.iterancestors(xml.tag("process"))), "")


def _check_roles(report: Report, node: etree._Element, roles: str) -> None:
    for role in listed(roles):
        if role not in conventions.ROLES:
            report.error(node, "unknown-role", f"没有岗位 {role}；可用的有 {joined(conventions.ROLES)}")


def _check_limit(report: Report, node: etree._Element, given: Mapping[str, str], around: Surroundings) -> None:
    limit, closes_with = given.get("limit"), given.get("closes_with")
    if limit and closes_with:
        report.error(node, "unknown-limit", "limit 和 closes_with 只能写一个；请删去其中之一")
    if closes_with and closes_with not in conventions.CLOSINGS:
        report.error(
            node,
            "unknown-limit",
            f"closes_with={closes_with} 不存在；可用的有 round（随批次截止）、"
            "obligation（随义务的日期）、rectification（随考核写明的整改期限）",
        )
    if limit and around.regime is not None and limit not in around.regime.limits:
        why = (
            f"规则体系 {around.regime.name} 没有时限 {limit}；请在 [limits] 中写明，现有 {joined(around.regime.limits)}"
        )
        report.error(node, "unknown-limit", why)


def _check_act(report: Report, node: etree._Element, given: Mapping[str, str], around: Surroundings) -> None:
    if (act := given.get("does")) and act not in conventions.ACTS:
        report.error(node, "unknown-act", f"does={act} 不存在；可用的有 {joined(conventions.ACTS)}")
    needed = conventions.NEEDED_RULES.get(act or "")
    for section in _missing(needed, around) if needed else ():
        why = (
            f"does={act} 须按规则办理，而规则体系没有 [{section}]；"
            f"请在 regime.toml 中写明 [{section}]，或从图中去掉这一步"
        )
        report.error(node, "act-without-rule", why)
    if (held := given.get("held_by")) and held not in around.names(_process(node)):
        report.error(node, "unknown-seat", f"held_by 指向的变量 {held} 没有任何环节写入；请改用写明席位的变量")


def _missing(needed: str, around: Surroundings) -> list[str]:
    """The sections that the regime lacks; of those that say something of each level of the chain, one by one."""
    rule = getattr(around.regime, needed) if around.regime else True
    if isinstance(rule, Mapping) and around.levels:
        return [f"{needed}.{level}" for level in around.levels if level not in rule]
    return [] if rule else [needed]


def _check_form(report: Report, scope: Scope, name: str, given: Mapping[str, str], around: Surroundings) -> None:
    node, variables = scope.nodes[name], listed(given.get("variables", ""))
    if given["form"] not in around.forms:
        report.error(node, "unknown-form", f"没有表单 forms/{given['form']}.json；请改正名称或添加这份表单")
        return
    form = around.forms[given["form"]]
    if form is None:
        return  # the form cannot be read, and that is said of the form
    for variable in variables:
        if variable not in form.fields():
            why = f"variables 中的 {variable} 不是表单 {given['form']} 的字段；请改正，或在表单中添加"
            report.error(node, "variables", why)
        elif variable in vocabulary.WORDS or variable in _FIXED:
            report.error(node, "variables", f"变量 {variable} 与系统用词相同，会被覆盖；请给表单字段换一个名称")
    for told in listed(given.get("tells", "")):
        if told not in form.fields():
            why = f"tells 中的 {told} 不是表单 {given['form']} 的字段；请改正，或在表单中添加"
            report.error(node, "variables", why)
    field, value = _RETURN
    if field in form.fields() and value in form.choices(field):
        _check_return_drawn(report, scope, name, field in variables)


def _check_prechecked(report: Report, node: etree._Element, name: str | None, around: Surroundings) -> None:
    if name is None:
        return
    form = around.forms.get(name)
    if name not in around.forms or (form is not None and not form.has_facts):
        why = f"prechecks 指向的 {name} 不是本流程包里带指标（x-fact）的表单；请改正名称，或在表单中写明指标"
        report.error(node, "unknown-form", why)


def _check_return_drawn(report: Report, scope: Scope, name: str, routed: bool) -> None:
    """A task that can send back is followed by a gateway that asks for its decision."""
    asked = False
    for flow in scope.outgoing[name]:
        target = flow.get("targetRef", "")
        if scope.kind(target) == "exclusiveGateway":
            texts = [way.findtext(xml.tag("conditionExpression")) or "" for way in scope.outgoing[target]]
            asked = asked or any(_RETURN[0] in text for text in texts)
    if not (routed and asked):
        why = "表单可以选择退回，图上却没有退回的路；请在 variables 中列出 decision，并在其后用排他网关画出退回"
        report.error(scope.nodes[name], "return-not-drawn", why)


def _check_start(report: Report, node: etree._Element, around: Surroundings) -> None:
    given = properties(node)
    if given.get("form") and given["form"] not in around.forms:
        report.error(node, "unknown-form", f"没有表单 forms/{given['form']}.json；请改正名称或添加这份表单")
    _check_roles(report, node, given.get("opened_by", ""))


def _around(node: etree._Element) -> list[etree._Element]:
    """The step and the sub-processes it stands in: SpiffWorkflow gives a sub-process's lane to its steps."""
    return [node, *node.iterancestors(*(xml.tag(kind) for kind in xml.SUBPROCESSES))]
