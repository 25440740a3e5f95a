"""What a client sends to suspend a case, or to leave a step of a stopped one undone."""

from typing import Annotated, Literal

from pydantic import Field

from web.given import CancelGiven, Given


class SuspensionGiven(CancelGiven):
    ground: Annotated[
        Literal["supplement", "appraisal", "superior", "dispute", "force_majeure", "other"],
        Field(description="补正、鉴定或评审、上级决定、复议诉讼或其他案件、不可抗力、其他"),
    ]
    clause: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$", description="所依条款")] = ""


class ResumptionGiven(Given):
    note: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$", description="恢复办理的说明，记入办理记录")] = ""


class SkipGiven(CancelGiven):
    task: Annotated[str, Field(max_length=36, description="要跳过的待办")]
    way: Annotated[str, Field(max_length=500, description="跳过之后的去向：GET /cases/{id}/incident 所列的 way")]


class SkipDecided(Given):
    request: Annotated[int, Field(ge=1, le=2**31 - 1, description="所看到的申请：GET /cases/{id}/incident 的 skip")]
