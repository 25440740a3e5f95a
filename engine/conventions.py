"""What a diagram may say to the engine: roles, properties of its steps, effects, and the names a case begins with."""

from collections.abc import Mapping
from types import MappingProxyType

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "county_officer": "县级主管部门经办人",
        "park_officer": "园区管委会经办人",
        "city_officer": "主管部门经办人",
        "expert": "评审专家",
        "inspector": "实地抽查人员",
        "bureau_leader": "主管部门负责人",
        "publisher": "信息发布人员",
        "process_owner": "流程管理人员",
        "system_administrator": "系统管理员",
        "security_administrator": "安全管理员",
        "audit_administrator": "审计管理员",
    }
)

# spiffworkflow:property names on a user task; ARCHITECTURE.md explains each.
STEP_PROPERTIES = frozenset(
    {"form", "role", "at", "limit", "closes_with", "variables", "assigned_to", "not_by", "prechecks", "consequence"}
    | {"does", "held_by", "sealed"}
)
START_PROPERTIES = frozenset({"form", "opened_by"})
THROW_PROPERTIES = frozenset({"to"})

PLACES = frozenset({"applicant", "county", "bureau"})  # whose officers act: property `at`, parameter `to` of a letter
AUDIENCES = frozenset({"round", "cases"})  # whom a message goes to: property `to`
ROUND_STATES = frozenset({"open", "closed", "published"})
NOTICE_FORMS = {
    "call": "call_notice",
    "publication": "publish",
}  # announce(kind, cases): whose answers it publishes, and the list beside them

# Service tasks: operator id → its parameters, all needed.
EFFECTS = {
    "letter": frozenset({"template", "to"}),
    "announce": frozenset({"kind", "cases"}),
    "open_publicity": frozenset({"period", "cases"}),
    "set_round": frozenset({"state", "closes_at"}),
    "recognise": frozenset({"cases"}),
}

# Acts: what the property `does` of a user task may name, and the variables that each gives beside the form's.
ACTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "convene_panel": frozenset({"seats", "all_seats", "chair"}),  # draws the experts of a case
        "declare_interest": frozenset(),  # an expert accepts, or leaves the seat to a substitute
        "give_opinion": frozenset(),  # keeps the scores as an opinion of this revision
        "open_opinions": frozenset({"seats", "all_seats"}),  # shows the panel each other's opinions, or adds a seat
        "take_stance": frozenset(),  # what a member says to the others' opinions
        "conclude_panel": frozenset(),  # the chair's opinion
        "draw_sample": frozenset({"sampled"}),  # whom the inspectors visit
        "arrange_inspection": frozenset({"lead"}),  # seats the inspectors and makes the appointment
        "report_inspection": frozenset(),  # what was found on the spot
        "decide_objection": frozenset(),  # upheld or dismissed
        "investigate_objection": frozenset(),
    }
)

# Task data of every case from its start; `closes_at` is the round's closing moment (ISO 8601) or None.
START_NAMES = frozenset({"case_id", "round_id", "cluster_id", "applicant_level", "closes_at"})
