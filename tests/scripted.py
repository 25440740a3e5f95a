"""The shipped bundle with scripts in it, and an office whose owner may deploy them."""

from html import escape

from engine import accounts, accreditation, bundle, deploying
from engine.db import Database
from tests.office import REGIME, Office, furnish

FLOW = '<bpmn:sequenceFlow id="tell_accepted_to_accepted" sourceRef="tell_accepted" targetRef="{}" />'


def scripted(task: str = "", before: str = "", after: str = "") -> dict[str, bytes]:
    """A script task once an application is accepted, and scripts that run before and after the acceptance itself."""
    files = dict(bundle.shipped(REGIME))
    drawn = files["intake.bpmn"].decode()
    if task:
        script = (
            '<bpmn:scriptTask id="sum_up" name="汇总"><bpmn:incoming>tell_accepted_to_accepted</bpmn:incoming>'
            f"<bpmn:outgoing>sum_up_on</bpmn:outgoing><bpmn:script>{escape(task)}</bpmn:script></bpmn:scriptTask>"
            '<bpmn:sequenceFlow id="sum_up_on" sourceRef="sum_up" targetRef="accepted" />'
        )
        head, end, rest = drawn.partition('<bpmn:endEvent id="accepted"')
        rest = rest.replace("tell_accepted_to_accepted", "sum_up_on", 1)
        drawn = (head + end + rest).replace(FLOW.format("accepted"), FLOW.format("sum_up") + script)
    head, acceptance, rest = drawn.partition('<bpmn:userTask id="acceptance"')
    more = f"<spiffworkflow:preScript>{escape(before)}</spiffworkflow:preScript>" if before else ""
    more += f"<spiffworkflow:postScript>{escape(after)}</spiffworkflow:postScript>" if after else ""
    rest = rest.replace("</spiffworkflow:properties>", "</spiffworkflow:properties>" + more, 1)
    files["intake.bpmn"] = (head + acceptance + rest).encode()
    return files


def office_with(database: Database, files: bundle.Files) -> Office:
    """An office that runs on these files, which its accredited owner has deployed."""
    office = furnish(database)
    with database.write() as session:
        accreditation.grant(session, accounts.by_name(session, "owner"), by="secadmin")
        deploying.deploy(session, REGIME, files, by="owner", approved_by="leader")
    return office
