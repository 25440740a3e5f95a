"""Who may what: every address and every row, tried by every role of several organisations and by nobody.

The tables are written by hand, from the roles and the tree of organisations. What they do not name must be refused.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from config.settings import Settings
from engine import access, accounts, files, sign_ins
from engine.access import ROLES
from engine.db import Database
from engine.models import Case, Cluster, StoredFile
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration import place as place_
from tests.integration.place import NOBODY, PERSONAS, THINGS, Place, nothing_kept
from web import guard
from web.app import create_app
from web.guard import Unguarded

HANDLERS = {name for name, (role, _) in PERSONAS.items() if not role.endswith(("owner", "administrator"))}
APPLICANTS_AND_BUREAUS = {name for name in HANDLERS if "expert" not in name and "inspector" not in name}
EVERYBODY = {*PERSONAS, NOBODY}
BUREAU_STAFF = {"city", "city2", "leader", "publisher"}
COUNTY_SIDE = {"county", "county2"}
EVERY_CASE = ("county_case", "park_case", "round_case")
MENDERS = {"owner", "leader", "other_owner", "other_leader"}  # each their own bureau's
OWN_KEEPERS = {"city", "city2", "leader"}
OWNERS = {"owner", "leader"}
KEEPERS = OWN_KEEPERS | {"other_city", "other_leader"}

# ---- the table ----------------------------------------------------------------------------------

COUNTY_CASE = COUNTY_SIDE | BUREAU_STAFF | {"expert", "inspector"}
PARK_CASE = {"park"} | COUNTY_SIDE | BUREAU_STAFF  # the county is above its park in the tree

ELSEWHERE = {name for name in PERSONAS if name.startswith("other_")}
OPENERS = {
    name
    for name, (role, _) in PERSONAS.items()
    if role.endswith(("county_officer", "park_officer", "bureau_officer", "leader"))
}

TABLE: dict[str, set[str]] = {
    "GET /": EVERYBODY,
    "GET /static/{licences}": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "POST /sign-out": set(PERSONAS),
    "GET /look": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /api/v1/healthz": EVERYBODY,
    "GET /api/v1/readyz": EVERYBODY,
    "GET /api/v1/openapi.json": EVERYBODY,
    "GET /api/v1/public/notices": EVERYBODY,
    "GET /api/v1/public/notices/{call}": EVERYBODY,
    "GET /api/v1/public/clusters": EVERYBODY,
    "GET /api/v1/public/clusters/by-place": EVERYBODY,
    "POST /api/v1/session": EVERYBODY,
    "DELETE /api/v1/session": set(PERSONAS),
    # lists: their rows are another test
    "GET /api/v1/tasks": HANDLERS,
    "GET /api/v1/rounds": HANDLERS,
    "GET /api/v1/clusters": APPLICANTS_AND_BUREAUS,
    # the editors of a draft
    **{
        f"GET /workshop/drafts/{{draft}}/{page}": {"owner", "leader"}
        for page in (
            *("numbers", "numbers/checked", "letters", "letters/{letter}", "clauses"),
            *("forms", "forms/{form}", "forms/{form}/preview"),
        )
    },
    **{
        f"POST /workshop/drafts/{{draft}}/{page}": {"owner"}
        for page in ("numbers", "numbers/limits", "letters/{letter}", "clauses", "forms", "forms/{form}")
    },
    "GET /api/v1/incidents": MENDERS,
    "GET /api/v1/suspensions": BUREAU_STAFF | {"other_city", "other_leader", "other_publisher"},  # each their own
    # cases
    "POST /api/v1/cases": COUNTY_SIDE | {"sibling", "park"},  # the round is not other bureaus' to apply in
    "GET /api/v1/cases/{county_case}": COUNTY_CASE,
    "GET /api/v1/cases/{park_case}": PARK_CASE,
    "GET /api/v1/cases/{round_case}": BUREAU_STAFF,
    **{
        f"GET /api/v1/cases/{{{case}}}/{part}": who
        for case, who in {"county_case": COUNTY_CASE, "park_case": PARK_CASE, "round_case": BUREAU_STAFF}.items()
        for part in ("history", "answers", "letters", "files")
    },
    # what the criteria said is for the applicant's side and the bureau; experts and inspectors judge for themselves
    "GET /api/v1/cases/{county_case}/prechecks": COUNTY_CASE - {"expert", "inspector"},
    "GET /api/v1/cases/{park_case}/prechecks": PARK_CASE,
    "GET /api/v1/cases/{round_case}/prechecks": BUREAU_STAFF,
    # pages of the desk: inbox, cases, rounds
    **dict.fromkeys(("GET /tasks", "GET /tasks.csv", "GET /cases", "GET /cases.csv", "GET /rounds"), HANDLERS),
    **{
        f"POST /tasks/{{{task}}}/{deed}": who
        for task, who in {
            "filed": COUNTY_SIDE,  # they are told that it is done
            "fill_in": {"park"},
            "review": {"expert"},
            "inspect": {"inspector"},
            "draft_call": {"city", "city2"},
        }.items()
        for deed in ("claim", "release")
    },
    **{
        f"GET {below}/cases/{{{case}}}{part}": who
        for case, who in {"county_case": COUNTY_CASE, "park_case": PARK_CASE, "round_case": BUREAU_STAFF}.items()
        for below, part in (("", ""), ("", "/diagram"), ("/api/v1", "/diagram"))
    },
    # the dossier says who said what, of all sides
    **{
        f"GET {below}/cases/{{{case}}}/dossier{ending}": BUREAU_STAFF
        for case in ("county_case", "park_case", "round_case")
        for below, ending in (("", ""), ("", ".zip"), ("/api/v1", ""))
    },
    "GET /cases/new": OPENERS,  # they see the rounds that they may apply in, perhaps none
    "POST /cases/new": OPENERS,
    **{
        f"GET /rounds/{{{round_}}}{ending}": who
        for round_, who in {"open_round": HANDLERS - ELSEWHERE, "draft_round": BUREAU_STAFF}.items()
        for ending in ("", ".csv")
    },
    # papers to be sent: of one's own office; the place's regime has no summary table
    "GET /rounds/{open_round}/papers": APPLICANTS_AND_BUREAUS - ELSEWHERE,
    "GET /rounds/{draft_round}/papers": BUREAU_STAFF,
    "GET /cases/{county_case}/papers/application.pdf": COUNTY_CASE - {"expert", "inspector"},  # who judge read it here
    "POST /rounds/{open_round}/deeds": HANDLERS - ELSEWHERE,  # each deed asks again, case by case
    "POST /rounds/{draft_round}/deeds": BUREAU_STAFF,
    **{
        f"{method} /rounds/{{{round_}}}/late-filings": {"city", "city2"}
        for method in ("GET", "POST")
        for round_ in ("open_round", "draft_round")
    },
    "GET /rounds/new": {"city", "city2", "other_city"},
    "POST /rounds/new": {"city", "city2"},  # another bureau's officer finds none of their own regimes there
    # what the texts ask and what carries it: for whoever sees cases, and for who looks after the diagrams
    **dict.fromkeys(("GET /rules", "GET /rules/{regime}"), HANDLERS | {"owner", "other_owner"}),
    "GET /rules/{regime}/diagram": set(),  # of no element there is none
    # public pages; both clusters are candidates still, which are not in the register
    **dict.fromkeys(
        (
            *("GET /notices", "GET /notices/{call}", "GET /register", "GET /register/by-place"),
            *("GET /accessibility", "GET /help"),
        ),
        EVERYBODY,
    ),
    # objections: anybody sends one, to a publicity alone; the place's own is late, and `city` did the first review
    **dict.fromkeys(
        (
            *("GET /notices/{shown}", "GET /api/v1/public/notices/{shown}", "GET /notices/{shown}/object"),
            *("POST /notices/{shown}/object", "POST /api/v1/public/notices/{shown}/objections"),
            *("GET /objections", "POST /objections", "GET /api/v1/public/objections/{receipt}"),
        ),
        EVERYBODY,
    ),
    **{
        f"GET {list_}": {"city", "city2", "leader", "other_city", "other_leader"}
        for list_ in ("/objections/list", "/api/v1/objections")
    },
    "GET /objections/{objection}": {"city", "city2", "leader"},
    "GET /api/v1/objections/{objection}": {"city2"},
    "GET /objections/{objection}/files/{evidence}": {"city2"},
    "GET /api/v1/objections/{objection}/files/{evidence}": {"city2"},
    # everybody's own account
    "GET /me": set(PERSONAS),
    **{
        f"POST /me/{deed}": set(PERSONAS)
        for deed in ("password", "sign-ins/end", "tokens", "tokens/revoke", "language")
    },
    # letters: everybody's own messages and ways; the log is the bureau's, the wording its owner's
    **{
        f"{method} {path}": set(PERSONAS)
        for method, path in [
            *(("GET", "/messages"), ("POST", "/messages/read"), ("GET", "/api/v1/messages"), ("GET", "/me/letters")),
            *(("POST", f"/me/letters/{deed}") for deed in ("address", "choice", "substitutes", "feeds")),
            *(("POST", f"/me/letters/{deed}") for deed in ("substitutes/end", "feeds/revoke")),
        ]
    },
    **{deed: {"county"} for deed in ("GET /messages/{message}", "POST /api/v1/messages/{message}/read")},
    "GET /api/v1/calendar/{feed}.ics": EVERYBODY,  # who has the address has the secret
    "POST /letters/preview/deploy": {"owner"},  # the words are the regime's bureau's
    "GET /letters": BUREAU_STAFF | {"other_city", "other_leader", "other_publisher"},  # each their own bureau's
    "GET /letters/{delivery}": BUREAU_STAFF,
    "POST /letters/{delivery}/again": {"city", "city2"},
    "POST /letters/{delivery}/mend": {"city", "city2"},  # told that nothing is wrong with this one
    **{
        f"{deed} /letters/preview{more}": {"owner", "other_owner"}
        for deed, more in (("GET", ""), ("POST", ""), ("POST", "/send"))
    },
    # rehearsals: for who looks after the diagrams or leads the bureau; each their own bureau's
    **{f"{method} /rehearsals": {"owner", "leader", "other_owner", "other_leader"} for method in ("GET", "POST")},
    **{
        f"{deed.replace('IT', '{rehearsal}')}": {"owner", "leader"}
        for deed in ("GET /rehearsals/IT", "GET /rehearsals/IT/lines.jsonl", "GET /rehearsals/IT/letters.txt")
    },
    **{f"POST /rehearsals/{{rehearsal}}/{deed}": {"owner", "leader"} for deed in ("cancel", "delete")},
    # the three administrators (GB/T 22239-2019 8.1.5)
    "GET /office": {"sysadmin", "secadmin", "auditor"},
    **{
        f"GET /office/{page}": {"sysadmin", "secadmin"} for page in ("accounts", "accounts/{somebody}", "organisations")
    },
    "GET /office/accounts/new": {"sysadmin"},
    **{
        f"POST /office/{deed}": {"sysadmin"}
        for deed in (
            "accounts/new",
            "accounts/{somebody}/disable",
            "accounts/{somebody}/enable",
            "organisations",
            "organisations/rename",
            "organisations/mark",
        )
    },
    **{
        f"POST /office/accounts/{{somebody}}/{deed}": {"secadmin"}
        for deed in ("grant", "withdraw", "accredit", "unlock", "password", "sign-ins/end", "tokens/revoke")
    },
    "GET /office/record": {"auditor"},
    "POST /office/record/verify": {"auditor"},
    "POST /office/record/export": {"auditor"},
    # incidents: only the round's case is stopped; the others are refused to the owner too
    **{f"POST /api/v1/cases/{{round_case}}/incident/{deed}": {"owner"} for deed in ("retry", "repair", "cancel")},
    # running cases and their versions: nothing is moved here, as there is but one version
    "GET /workshop/{regime}/cases": {"owner", "leader"},
    "POST /workshop/{regime}/cases": {"owner"},
    **{
        f"GET /workshop/{{regime}}/cases/{{{case}}}{part}": {"owner", "leader"}
        for case in THINGS["case_id"]
        for part in ("", "/diagram")
    },
    "GET /api/v1/cases/{round_case}/incident": {"owner", "leader"},
    "GET /incidents": MENDERS,
    **{  # who may mend is told on the page that there is nothing to mend
        f"{method} /cases/{{{case}}}/incident{deed}": who
        for case in EVERY_CASE
        for method, deed, who in (
            ("GET", "", {"owner", "leader"}),
            *(("POST", f"/{deed}", {"owner"}) for deed in ("retry", "repair", "cancel", "skip")),
            *(("POST", f"/skip/{deed}", {"owner", "leader"}) for deed in ("confirm", "refuse")),
        )
        if "skip/" not in deed or case != "round_case"  # stopped, and nobody has asked
    },
    # suspensions: a leader's decision; what cannot be suspended or resumed their page tells them, the API refuses
    **{f"POST /api/v1/cases/{{{case}}}/suspension": {"leader"} for case in ("county_case", "park_case")},
    **{
        f"{deed.replace('CASE', case)}": {"leader"}
        for case in EVERY_CASE
        for deed in ("GET /cases/{CASE}/suspension", "POST /cases/{CASE}/suspension", "POST /cases/{CASE}/resumption")
    },
    # where cases wait: for officers and leaders, each of their own bureau
    **{f"GET /waits{page}": {"city", "city2", "leader", "other_city", "other_leader"} for page in ("", ".xlsx")},
    "GET /waits/diagram": {"city", "city2", "leader"},  # the other bureau has no cases to draw
    # the pool, panels and opinions
    "GET /pool": BUREAU_STAFF | {"other_city", "other_leader", "other_publisher"},  # each their own bureau's
    **{f"{method} /pool/new": {"city", "city2", "other_city"} for method in ("GET", "POST")},
    "POST /api/v1/pool": {"city", "city2"},
    "GET /api/v1/pool": {name for name, (role, _) in PERSONAS.items() if role in access.BUREAU | access.VISITORS},
    **dict.fromkeys(
        ("GET /pool/{member}", "GET /api/v1/pool/{member}", "GET /api/v1/pool/{member}/interests"),
        BUREAU_STAFF | {"expert"},
    ),
    **{key: {"city", "city2"} for key in ("POST /pool/{member}", "PUT /api/v1/pool/{member}")},
    **{
        f"POST {below}/pool/{{member}}/{deed}": {"city", "city2"} | ({"expert"} if deed == "interests" else set())
        for below in ("", "/api/v1")
        for deed in ("suspend", "resume", "interests")
    },
    **{
        f"GET {page}": BUREAU_STAFF | ({"expert"} if case == "county_case" else set())
        for case in ("county_case", "park_case", "round_case")
        for page in (f"/cases/{{{case}}}/panel", f"/api/v1/cases/{{{case}}}/opinions")
    },
    **{
        f"GET /api/v1/cases/{{{case}}}/{what}": BUREAU_STAFF
        for case in ("county_case", "park_case", "round_case")
        for what in ("candidates", "panels")
    },
    **{f"POST {below}/seats/{{seat}}/replace": {"city", "city2"} for below in ("", "/api/v1")},
    "POST /seats/{seat}/pass-over": {"city", "city2"},  # told on the page that the panel is not open; the API refuses
    # tasks: each side reads its own, the bureau all of its cases'
    **{
        f"GET /api/v1/tasks/{{{task}}}{part}": who
        for task, who in {
            "filed": COUNTY_CASE,  # who judges it reads what was filed
            "fill_in": {"park"} | COUNTY_SIDE | BUREAU_STAFF,
            "review": {"expert"} | BUREAU_STAFF,  # claimed: not the other expert's
            "inspect": {"inspector"} | BUREAU_STAFF,
            "draft_call": BUREAU_STAFF,
        }.items()
        for part in ("", "/worksheet")
    },
    **{
        f"{method} /api/v1/tasks/{{{task}}}/{deed}": who
        for task, who in {
            "filed": COUNTY_SIDE,  # they are told that it is done
            "fill_in": {"park"},
            "review": {"expert"},
            "inspect": {"inspector"},
            "draft_call": {"city", "city2"},
        }.items()
        for method, deed in [
            ("POST", "claim"),
            ("POST", "release"),
            ("POST", "complete"),
            ("POST", "return"),
            ("PUT", "draft"),
        ]
        if deed != "release" or task not in ("review", "inspect")  # a seat is not given back to the office
    },
    **{
        f"POST /api/v1/tasks/{{{task}}}/urge": {"city", "city2", "leader"}
        for task in ("filed", "fill_in", "review", "inspect", "draft_call")
    },
    "POST /api/v1/tasks/{filed}/assign": COUNTY_SIDE,  # they are told that it is done
    "POST /api/v1/tasks/{draft_call}/assign": {"city", "city2", "leader"},  # to city2, who may do none of the others
    # a task's pages; only the application has parts, a table and places for files, the other forms are one page
    **{
        f"GET /tasks/{{{task}}}{page}": who
        for task, who in {
            "filed": COUNTY_CASE,
            "fill_in": {"park"} | COUNTY_SIDE | BUREAU_STAFF,
            "review": {"expert"} | BUREAU_STAFF,
            "inspect": {"inspector"} | BUREAU_STAFF,
            "draft_call": BUREAU_STAFF,
        }.items()
        for page in ("", "/check", "/part/{part}", "/sheet/{table}.xlsx")
        if page in ("", "/check") or task in ("filed", "fill_in")
    },
    **{
        f"{deed.replace('TASK', task)}": who
        for task, who in {"{filed}": COUNTY_SIDE, "{fill_in}": {"park"}}.items()
        for deed in (
            "POST /tasks/TASK/part/{part}",
            "POST /tasks/TASK/submit",
            "POST /tasks/TASK/files",
            "GET /tasks/TASK/sheet/{table}",
            "POST /tasks/TASK/sheet/{table}",
        )
    },
    **{
        f"{method} /tasks/{{{task}}}/{deed}": who
        for task, who in {"review": {"expert"}, "inspect": {"inspector"}, "draft_call": {"city", "city2"}}.items()
        for method, deed in (("POST", "submit"), ("POST", "draft"), ("PUT", "draft"))
        if deed == "submit" or task != "inspect"  # an inspector's report has parts, and a draft is of one of them
    },
    "GET /files/{bound_file}": COUNTY_CASE,
    "GET /files/{loose_file}": {"county"},
    # rounds
    "POST /api/v1/rounds": {"city", "city2"},
    "GET /api/v1/regimes": {"city", "city2", "other_city"},  # another bureau's officer finds none of their own there
    "GET /api/v1/openings": OPENERS,  # the rounds that they may apply in, perhaps none
    "GET /api/v1/rounds/{open_round}": HANDLERS - {name for name in HANDLERS if name.startswith("other_")},
    "GET /api/v1/rounds/{draft_round}": BUREAU_STAFF,
    **{
        f"GET /api/v1/rounds/{{{round_}}}/{what}": who
        for round_, who in {"open_round": HANDLERS - ELSEWHERE, "draft_round": BUREAU_STAFF}.items()
        for what in ("cases", "late-filings")
    },
    "POST /api/v1/rounds/{open_round}/late-filings": {"city", "city2"},  # a draft has no closing minute yet
    # samples and visits: the appointment is the applicant's to know, the inspectors' names and the sample are not
    **{
        f"GET {below}/rounds/{{{round_}}}/sample{ending}": BUREAU_STAFF
        for round_ in ("open_round", "draft_round")
        for below, ending in (("", ""), ("/api/v1", "s"))
    },
    **{
        f"GET {list_}": HANDLERS - {name for name in HANDLERS if "expert" in name}
        for list_ in ("/visits", "/api/v1/visits")
    },
    **dict.fromkeys(
        ("GET /visits/{visit}", "GET /visits/{visit}/visit.ics", "GET /api/v1/visits/{visit}"), COUNTY_CASE - {"expert"}
    ),
    **{
        f"POST {below}/visits/{{visit}}/{deed}": {"city", "city2"}
        for below in ("", "/api/v1")
        for deed in ("change", "cancel")
    },
    # the calendar, kept by officers and leaders: each bureau decides about its own days; and a bureau's year
    **dict.fromkeys(
        (
            *("GET /calendar", "GET /calendar/notices/{holiday_notice}", "GET /api/v1/calendar/days"),
            *("GET /api/v1/calendar/notices", "GET /api/v1/calendar/notices/{holiday_notice}"),
        ),
        APPLICANTS_AND_BUREAUS,
    ),
    **{
        f"POST {below}/calendar/{deed}": KEEPERS
        for below in ("", "/api/v1")
        for deed in ("notices", "notices/{holiday_notice}/confirm", "notices/{holiday_notice}/reject", "overrides")
    },
    **{f"POST {below}/calendar/overrides/{{override}}/withdraw": OWN_KEEPERS for below in ("", "/api/v1")},
    **{
        f"GET {below}/year": BUREAU_STAFF | {"other_city", "other_leader", "other_publisher"}
        for below in ("", "/api/v1")
    },
    **dict.fromkeys(("POST /year/{obligation}/urge", "POST /api/v1/obligations/{obligation}/urge"), OWN_KEEPERS),
    # clusters
    "GET /api/v1/clusters/{county_cluster}": COUNTY_SIDE | BUREAU_STAFF,
    "GET /api/v1/clusters/{park_cluster}": {"park"} | COUNTY_SIDE | BUREAU_STAFF,
    "GET /api/v1/clusters/{county_cluster}/obligations": COUNTY_SIDE | BUREAU_STAFF,
    "GET /api/v1/clusters/{park_cluster}/obligations": {"park"} | COUNTY_SIDE | BUREAU_STAFF,
    "GET /clusters": APPLICANTS_AND_BUREAUS,
    "GET /clusters/{county_cluster}": COUNTY_SIDE | BUREAU_STAFF,
    "GET /clusters/{park_cluster}": {"park"} | COUNTY_SIDE | BUREAU_STAFF,
    "POST /clusters/{county_cluster}/changes": COUNTY_SIDE,
    "POST /clusters/{park_cluster}/changes": {"park"},
    "POST /clusters/{county_cluster}/findings": {"city", "city2"},
    "POST /clusters/{park_cluster}/findings": {"city", "city2"},
    "GET /clusters/{county_cluster}/figures": COUNTY_SIDE | BUREAU_STAFF,
    "GET /clusters/{park_cluster}/figures": {"park"} | COUNTY_SIDE | BUREAU_STAFF,
    "GET /clusters/{county_cluster}/figures.xlsx": COUNTY_SIDE | BUREAU_STAFF,
    "GET /clusters/{park_cluster}/figures.xlsx": {"park"} | COUNTY_SIDE | BUREAU_STAFF,
    **dict.fromkeys(("GET /reports", "GET /reports.xlsx"), APPLICANTS_AND_BUREAUS),  # each their own clusters'
    # of their own bureau's clusters, of which there are none here
    "GET /reports/evaluation.docx": BUREAU_STAFF | {"other_city", "other_leader", "other_publisher"},
    "POST /reports/urge": KEEPERS,  # those that they see
    "POST /reports/{obligation}/urge": OWN_KEEPERS,
    # typical cases: the county writes them, everybody reads them, who has published one withdraws it
    "POST /clusters/{county_cluster}/typical-cases": COUNTY_SIDE,
    "POST /clusters/{park_cluster}/typical-cases": COUNTY_SIDE,
    **{f"GET /typical-cases{more}": EVERYBODY for more in ("", "/{typical}", "/{typical}/files/{bound_file}")},
    "POST /typical-cases/{typical}/withdraw": {"publisher"},
    # the cultivation pool: its county keeps it, the bureau looks in
    **dict.fromkeys(("GET /cultivation", "GET /cultivation.xlsx"), APPLICANTS_AND_BUREAUS),
    **dict.fromkeys(("GET /cultivation/new", "POST /cultivation/new"), COUNTY_SIDE | {"sibling"}),
    "GET /cultivation/{prospect}": COUNTY_SIDE | BUREAU_STAFF,
    **{
        f"{method} /cultivation/{{prospect}}/{deed}": COUNTY_SIDE
        for method, deed in (
            *(("GET", "edit"), ("POST", "edit"), ("GET", "measure"), ("POST", "measure")),
            *(("POST", "withdraw"), ("POST", "apply")),
        )
    },
    "GET /findings": BUREAU_STAFF | {"other_city", "other_leader", "other_publisher"},  # each their own bureau's
    **dict.fromkeys(("POST /findings/{finding}/drop", "POST /findings/{finding}/pursue"), OWN_KEEPERS),
    # the workshop: owners change their bureau's regimes; its leader reads and decides
    "GET /workshop": {"owner", "leader", "other_owner", "other_leader"},
    "POST /workshop": {"owner"},
    **{
        f"GET /workshop/drafts/{{draft}}{part}": OWNERS
        for part in (
            *("", "/findings", "/files.zip", "/files/{path}", "/changes", "/check", "/cases", "/model"),
            "/words/{diagram}",
        )
    },
    **dict.fromkeys(("POST /workshop/drafts/{draft}/check", "POST /workshop/drafts/{draft}/check/year"), OWNERS),
    "GET /workshop/drafts/{draft}/check/diagram": set(),  # none was drawn before the first check
    **{f"GET /workshop/drafts/{{draft}}/{part}": {"owner"} for part in ("model/{diagram}", "table/{decision_table}")},
    "GET /workshop/drafts/{draft}/changes/diagram": set(),  # of no file there is none
    **{
        f"{method} /workshop/drafts/{{draft}}/{part}": {"owner"}
        for method, part in (
            *(("PUT", "files/{path}"), ("DELETE", "files/{path}"), ("POST", "files"), ("POST", "beside/{path}")),
            *(("POST", deed) for deed in ("submit", "withdraw", "update", "restore", "clear", "discard")),
        )
    },
    "POST /workshop/drafts/{draft}/check/examples": set(),  # nothing was walked yet that could be one
    "POST /workshop/drafts/{draft}/check/examples/remove": set(),
    "POST /workshop/drafts/{draft}/decide": {"leader"},
    **{
        f"GET /workshop/{{regime}}/{part}": OWNERS
        for part in ("versions", "versions/{version}", "versions/{version}.zip", "versions/{version}/files/{path}")
    },
    "GET /workshop/{regime}/changes": OWNERS,
    "GET /workshop/{regime}/changes/diagram": set(),
    # files
    "POST /api/v1/files": HANDLERS,
    "GET /api/v1/files/{bound_file}": COUNTY_CASE,
    "GET /api/v1/files/{loose_file}": {"county"},
}


@pytest.fixture
def place(database: Database, clock: StandingClock, tmp_path: Path) -> Place:
    clock.move_to(samples.MOMENT)
    return place_.furnish(database, tmp_path / "data")


# ---- the walk -----------------------------------------------------------------------------------


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Every address of the application with every thing in it, as (method, "/api/v1/cases/{county_case}")."""
    for rule in app.url_map.iter_rules():
        paths = [""]
        for is_variable, text in rule._trace:
            texts = [f"{{{thing}}}" for thing in THINGS[text]] if is_variable else [text.removeprefix("|")]
            paths = [path + text for path in paths for text in texts]
        for path in paths:
            for method in sorted((rule.methods or set()) - {"HEAD"}):  # HEAD is GET without its body
                yield method, path


def refused(answer: TestResponse) -> bool:
    """401, 403, 404; and where a diagram does not let the role begin, or the round is not theirs to apply in."""
    if answer.status_code in {401, 403, 404}:
        return True
    return answer.status_code == 409 and (answer.get_json(silent=True) or {}).get("code") == "refused"


def walk(place: Place, app: Flask, *, below: str = "/") -> list[str]:
    """Where the application and the table differ; nothing that succeeds is kept, so each try finds the same office."""
    differences, seen = [], set()
    with nothing_kept(place.at.database):
        for method, path in addresses(app):
            key = f"{method} {path}"
            seen.add(key)
            if not path.startswith(below):
                continue
            for who in sorted(EVERYBODY):
                answer = place.ask(app, who, method, path.format(**place.ids))
                if answer.status_code >= 500 and "readyz" not in path:
                    differences.append(f"{key}: {answer.status_code} for {who or 'nobody'}")
                if refused(answer) == (who in TABLE.get(key, set())):
                    differences.append(f"{key}: {answer.status_code} for {who or 'nobody'}")
    return differences + [f"{key}: not there any more" for key in sorted(TABLE.keys() - seen)]


def test_every_address_answers_whom_the_table_names_and_nobody_else(place: Place) -> None:
    assert walk(place, place.at.app) == []


def test_all_roles_take_part_in_the_walk() -> None:
    assert {role for role, _ in PERSONAS.values()} == set(ROLES)


# ---- the walk notices what is planted ------------------------------------------------------------


def planted(place: Place) -> Flask:
    """A fresh application to plant something in."""
    return create_app(Settings(data=place.at.settings.data), place.at.database)


def test_a_route_without_a_policy_answers_nobody_and_stops_the_start(place: Place) -> None:
    app = planted(place)
    app.add_url_rule("/api/v1/backdoor", "backdoor", lambda: "open")
    assert guard.unguarded(app) == ["backdoor"]
    assert {place.ask(app, who, "GET", "/api/v1/backdoor").status_code for who in EVERYBODY} == {403}


def test_an_application_with_a_route_without_a_policy_does_not_start(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = guard.install

    def with_backdoor(app: Flask) -> None:
        install(app)
        app.add_url_rule("/api/v1/backdoor", "backdoor", lambda: "open")

    monkeypatch.setattr(guard, "install", with_backdoor)
    with pytest.raises(Unguarded, match="backdoor"):
        planted(place)


def test_a_policy_that_nobody_wrote_is_refused_when_the_program_is_loaded() -> None:
    with pytest.raises(Unguarded, match=r"task\.steal"):
        guard.guard("task.steal")


def test_the_walk_finds_a_route_that_nobody_put_into_the_table(place: Place) -> None:
    app = planted(place)
    app.add_url_rule("/api/v1/extra", "extra", guard.guard("task.list")(lambda: "for handlers"))
    assert len(walk(place, app, below="/api/v1/extra")) == len(HANDLERS)


def test_the_walk_finds_a_download_without_its_policy(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "find", lambda session, _actor, file_id: session.get(StoredFile, file_id))
    found = walk(place, place.at.app, below="/api/v1/files/")
    assert "GET /api/v1/files/{bound_file}: 200 for other_city" in found
    assert "GET /api/v1/files/{loose_file}: 200 for city" in found
    assert "GET /api/v1/files/{loose_file}: 200 for owner" not in found  # the door is still shut


def test_the_walk_finds_a_case_that_is_loaded_by_its_number(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import cases

    monkeypatch.setattr(cases, "find", lambda session, _actor, case_id: session.get(Case, case_id))
    found = walk(place, place.at.app, below="/api/v1/cases/")
    assert "GET /api/v1/cases/{county_case}/history: 200 for sibling" in found
    assert "GET /api/v1/cases/{park_case}: 200 for expert" in found


# ---- rows ---------------------------------------------------------------------------------------

CASES: Mapping[str, set[str]] = {
    **{who: {"county_case", "park_case"} for who in COUNTY_SIDE},
    **{who: {"county_case", "park_case", "round_case", "draft_case"} for who in BUREAU_STAFF},
    "park": {"park_case"},
    "expert": {"county_case"},
    "inspector": {"county_case"},
}
INBOX: Mapping[str, set[str]] = {  # open tasks that they see
    **{who: {"fill_in"} for who in COUNTY_SIDE},
    **{who: {"fill_in", "review", "inspect", "draft_call"} for who in BUREAU_STAFF},
    "park": {"fill_in"},
    "expert": {"review"},
    "inspector": {"inspect"},
}
MINE: Mapping[str, set[str]] = {  # open tasks that they may act on
    "park": {"fill_in"},
    "city": {"draft_call"},
    "city2": {"draft_call"},
    "expert": {"review"},
    "inspector": {"inspect"},
}
CLUSTERS: Mapping[str, set[str]] = {
    **{who: {"county_cluster", "park_cluster"} for who in COUNTY_SIDE | BUREAU_STAFF},
    "park": {"park_cluster"},
}
ROUNDS: Mapping[str, set[str]] = {
    **{who: {"open_round"} for who in COUNTY_SIDE | {"sibling", "park", "expert", "expert2", "inspector"}},
    **{who: {"open_round", "draft_round"} for who in BUREAU_STAFF},
}


def listed(place: Place, who: str, path: str) -> set[str]:
    """The names of the things in a list, as far as it is answered at all."""
    answer = place.at.with_token(place.tokens[who]).get(path)
    if answer.status_code == 403:
        return set()
    assert answer.status_code == 200
    family = {"/tasks": "task_id", "/rounds": "round_id", "/clusters": "cluster_id"}[path.partition("?")[0]]
    names = {place.ids[name]: name for name in (*THINGS[family], "declared")}
    return {names[str(row["id"])] for row in answer.get_json()["items"]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tasks", INBOX),
        ("/tasks?mine=1", MINE),
        ("/tasks?mine=1&regime=nothing_of_the_kind", {}),
        (
            "/tasks?state=done",
            {**{who: {"filed"} for who in COUNTY_SIDE | {"inspector"}}, "expert": {"filed", "declared"}},
        ),
        ("/clusters", CLUSTERS),
        ("/rounds", ROUNDS),
    ],
)
def test_a_list_holds_what_its_reader_may_see(place: Place, path: str, expected: Mapping[str, set[str]]) -> None:
    people = set(PERSONAS) - (
        BUREAU_STAFF if "done" in path else set()
    )  # the bureau's own done tasks have no name here
    assert {who: listed(place, who, path) for who in people} == {who: expected.get(who, set()) for who in people}


def test_the_conditions_of_lists_and_the_rules_of_single_things_agree(place: Place) -> None:
    """One thing asked about and the same thing found in a list: the same answer for everybody."""
    ids = place.ids
    with place.at.database.read() as session:
        for who, actor in place.actors.items():
            listed_cases = set(session.scalars(access.select(Case.id).where(access.visible_cases(actor))))
            for case in session.scalars(access.select(Case)):
                assert access.may(actor, "case.read", case) is (case.id in listed_cases), (who, case.id)
            names = {int(ids[name]): name for name in THINGS["case_id"]}
            assert {names.get(case_id, "draft_case") for case_id in listed_cases} == CASES.get(who, set()), who
            seen_clusters = set(session.scalars(access.select(Cluster.id).where(access.visible_clusters(actor))))
            for cluster in session.scalars(access.select(Cluster)):
                assert access.may(actor, "cluster.read", cluster) is (cluster.id in seen_clusters), who


def test_an_expert_keeps_sight_of_a_case_they_have_reviewed(place: Place) -> None:
    task = place.at.office.open_task(int(place.ids["county_case"]), "score")
    place.at.office.complete("expert", task, samples.ANSWERS["score_sheet"])
    seen = {
        who: place.at.with_token(place.tokens[who]).get(f"/cases/{place.ids['county_case']}").status_code
        for who in ("expert", "expert2")
    }
    assert seen == {"expert": 200, "expert2": 404}


# ---- scopes and unknown deeds -------------------------------------------------------------------


def narrowed(place: Place, who: str, *scopes: str) -> desk.Person:
    with place.at.database.write() as session:
        person = accounts.by_name(session, who)
        return place.at.with_token(
            sign_ins.issue_token(session, person, frozenset(scopes), days=1, label="", by="setup")
        )


def test_a_token_does_no_more_than_its_scopes(place: Place) -> None:
    claim = f"/tasks/{place.ids['draft_call']}/claim"
    reads, acts = narrowed(place, "city", "read"), narrowed(place, "city", "act")
    assert (reads.get("/tasks").status_code, reads.post(claim).status_code) == (200, 403)
    assert (acts.get("/tasks").status_code, acts.post(claim).status_code) == (403, 200)


def test_what_no_policy_names_nobody_may(place: Place) -> None:
    assert not any(access.may(actor, "case.delete") for actor in place.actors.values())
    assert not access.may(None, "task.read")


def test_the_three_administrators_see_no_case(place: Place) -> None:
    """GB/T 22239-2019 8.1.5: they look after the system, and business is not theirs."""
    administration = {"session", "own", "password", "account", "role", "token", "organisation", "record"}
    business = [action for action in access.POLICIES if action.partition(".")[0] not in administration]
    administrators = [place.actors[name] for name in ("sysadmin", "secadmin", "auditor")]
    assert [(actor.name, action) for actor in administrators for action in business if access.may(actor, action)] == []


def test_a_task_claimed_by_a_colleague_says_so(place: Place) -> None:
    path = f"/tasks/{place.ids['draft_call']}"
    assert place.at.with_token(place.tokens["city2"]).post(f"{path}/claim").status_code == 200
    for deed in ("claim", "release", "complete"):
        body = {"data": {}} if deed == "complete" else None
        answer = place.at.with_token(place.tokens["city"]).post(f"{path}/{deed}", body)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "task_claimed_by_another")


def test_a_method_that_an_address_lacks_is_405_with_what_it_has(place: Place) -> None:
    for method in ("OPTIONS", "PATCH", "TRACE", "PUT", "DELETE", "POST"):
        for who in ("city", NOBODY):
            answer = place.ask(place.at.app, who, method, f"/api/v1/cases/{place.ids['county_case']}")
            assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
            assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}
