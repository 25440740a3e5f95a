"""What a diagram may say to the engine: roles, properties of its steps, effects, and the names a case begins with."""

from collections.abc import Mapping
from types import MappingProxyType

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "county_officer": "县级主管部门经办人",
        "park_officer": "园区管委会经办人",
        "bureau_officer": "主管部门经办人",
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
    | {"does", "held_by", "sealed", "tells"}
)
START_PROPERTIES = frozenset({"form", "opened_by"})
CALL_PROPERTIES = frozenset({"office"})  # of a call activity: handed to the called process as the variable of that name
THROW_PROPERTIES = frozenset({"to"})

OBLIGATION = "obligation"  # property `closes_with`: the date of what the case is there to meet
RECTIFICATION = "rectification"  # property `closes_with`: the day that an assessment has named
CLOSINGS = frozenset({"round", OBLIGATION, RECTIFICATION})
OFFICE = "office"  # whichever the call names in its property `office`: a level of the chain, or "bureau"
ABOVE = "above"  # the office next above that one
PLACES = frozenset({"applicant", "county", "bureau", OFFICE, ABOVE})  # property `at`: who acts; or a level of the chain
ADDRESSEES = PLACES | {"applicant_and_county"}  # parameter `to` of a letter; the county above a park gets a copy
OFFICERS = {"county": "county_officer", "park": "park_officer"}  # who speaks for an applicant, by its level
AUDIENCES = frozenset({"round", "cases"})  # whom a message goes to: property `to`
ROUND_STATES = frozenset({"open", "closed", "published"})
NOTICE_FORMS = {
    "call": "call_notice",
    "publication": "publish",
    "revocation": "publish_revocation",
}  # announce(kind, cases): whose answers it publishes, and the list beside them

DECIDED_IN = MappingProxyType(
    {"publish_revocation": "decide_revocation"}
)  # whose reasons are those of what it publishes
LIST_FORM = "draft_list"  # says which cases are on a round's list, and why; also why others are not
NO_NUMBER = "无"  # what is written where a notice has no 文号
INDUSTRY = "leading_industry"  # the field of an application that names the 主导产业 in the register
NUMBER_FORMS = frozenset({"decide_list", "settle_held"})  # where the 文号 of a publicity may be given, before it begins
FIRST_REVIEW_FORMS = frozenset({"first_review", "verify_higher_level"})
INVESTIGATION_OF_OBJECTION = "investigate_objection"  # this form is not for who answered one of the former
DECISION_ON_OBJECTION = "decide_objection"  # who answered this one goes on seeing who objected
BEGUN_AFRESH = frozenset({"check_objections", "settle_held"})  # what was answered before is no answer a second time

# Forms whose answers say how a case came out of a step of its review, and the field that says it.
OUTCOME_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "verify_higher_level": "decision",
        "expert_review": "expert_decision",
        "second_review": "decision",
        "site_inspection": "site_decision",
        "confirm_falsehood": "site_decision",
    }
)

# Where a form chooses cases of the round: the message that a case must be waiting for, so that it can be chosen.
CHOSEN_WAITING_FOR: Mapping[str, str] = MappingProxyType({"draw_sample": "sample_drawn"})
CHOSEN_AT_THE_END = "round_decided"  # in every other form: its review is over

# Service tasks: operator id → its parameters, all needed.
EFFECTS = {
    "letter": frozenset({"template", "to"}),
    "announce": frozenset({"kind", "cases"}),
    "open_publicity": frozenset({"period", "cases"}),
    "set_round": frozenset({"state", "closes_at"}),
    "recognise": frozenset({"cases"}),
    "renew": frozenset({"cluster"}),
    "revoke": frozenset({"cluster"}),
    "note_finding": frozenset({"ground"}),
    "keep_change": frozenset({"cluster"}),
    "publish_typical_case": frozenset({"cluster"}),
}

# 撤销认定的情形, in two words; what a text words each of them is in its clause.
GROUNDS: Mapping[str, str] = MappingProxyType(
    {
        "renewal": "有效期满未申请复核，或者复核未通过",
        "falsehood": "虚假申报",
        "report": "未及时报送年度报告，或者不接受、不配合监测监督",
        "change": "重大变动未及时更新报备",
        "incident": "事故、安全事件或者违法违规、严重失信等行为",
    }
)

# Acts: what the property `does` of a user task may name, and the variables that each gives beside the form's.
ACTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "call_applications": frozenset(),  # from when on the round takes applications
        "convene_panel": frozenset({"seats", "all_seats", "chair"}),  # draws the experts of a case
        "declare_interest": frozenset(),  # an expert accepts, or leaves the seat to a substitute
        "give_opinion": frozenset({"scored"}),  # keeps the scores as an opinion of this revision; the seat's id
        "open_opinions": frozenset({"seats", "all_seats"}),  # shows the panel each other's opinions, or adds a seat
        "take_stance": frozenset({"concurred"}),  # what a member says to the others' opinions; the seat's id
        "publish": frozenset(),  # no 文号 twice
        "conclude_panel": frozenset(),  # the chair's opinion
        "draft_list": frozenset(),  # holds the list against ranking and inspections
        "draw_sample": frozenset({"sampled", "drawn_from"}),  # whom the inspectors visit, and who could be drawn
        "decide_visit": frozenset({"sample"}),  # whether a case is visited that came after the draw
        "arrange_inspection": frozenset({"lead"}),  # seats the inspectors and makes the appointment
        "report_inspection": frozenset(),  # what was found on the spot
        "file": frozenset(),  # with the recognition that has to come first
        "accept": frozenset(),  # with the recognition that has to come first
        "verify_higher_level": frozenset(),  # confirms none that was revoked
        "recommend": frozenset(),  # an office of the chain sends an application on, within its number and in time
        "apply": frozenset(),  # meets what the case is there for
        "assess": frozenset(),  # meets what the bureau owes a cluster each year
        "check_rectification": frozenset(),  # a new day lies ahead
        "file_change": frozenset(),  # a change lies within the recognition
        "hand_in": frozenset(),  # meets what the case is there for, once it is on its way to the bureau
        "register_dispatch": frozenset(),  # no fewer papers and discs than are asked for
        "check_objections": frozenset(),  # leaves no open or upheld objection out
        "settle_held": frozenset(),  # what becomes of those held back
        "investigate_objection": frozenset(),  # by somebody who did not do the first review
        "decide_objection": frozenset(),  # upheld or dismissed, and what the objector is told
    }
)

# Acts that go by a rule of the regime: the section of its file that has to be there.
NEEDED_RULES: Mapping[str, str] = MappingProxyType({"draw_sample": "inspection", "register_dispatch": "paper"})

# Task data of every case from its start; `closes_at` is the round's closing moment (ISO 8601) or None.
START_NAMES = frozenset({"case_id", "round_id", "cluster_id", "applicant_level", "closes_at"})

# What a call leaves in the data: the office it was made for, and the id of the end event its process came to.
CALL_NAMES = frozenset({OFFICE, "outcome"})
GIVEN_NAMES = START_NAMES | CALL_NAMES

APPLICATION = "application"  # process, and form
TYPICAL_CASE = "typical_case"  # process, and form, of what a regime with [typical_cases] has

# The processes that the program begins by itself; every other diagram of a bundle is one that they call.
BEGUN = ("application", "round", "objection", "revocation", "change_filing")
