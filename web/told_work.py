"""What the API answers about work that can be begun, and about what a form has to choose from."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from web.told import Told
from web.told_forms import Filled, FormSchema


class Regime(Told):
    """可以开启批次的规则体系。"""

    name: Annotated[str, Field(description="规则体系的标识，开启批次时写入 regime")]
    title: Annotated[str, Field(description="集群的称号")]


class RegimeList(Told):
    items: list[Regime]


class Choice(Told):
    """可以选择的一个办件、一名人员，或者一个集群。"""

    value: Annotated[int, Field(description="填写的编号：办件编号、名录编号，或集群编号")]
    title: str


class Opening(Told):
    """现在可以申报的批次，和申报的表单。"""

    round_id: int
    title: Annotated[str, Field(description="批次名称")]
    closes_at: Annotated[datetime | None, Field(description="本单位的申报截止时间")]
    regime: str
    regime_title: str
    process: Annotated[str, Field(description="流程的标识，发起办件时写入 process")]
    name: Annotated[str, Field(description="流程名称")]
    form_schema: Annotated[FormSchema, Field(alias="schema", description="发起办件时 data 的 JSON Schema（2020-12）")]
    clusters: Annotated[list[Choice], Field(description="data 的 earlier_cluster 可以填写的集群")]


class OpeningList(Told):
    items: list[Opening]


class FieldChoices(Told):
    """一个字段可以选择的内容。"""

    field: Annotated[str, Field(description="字段；表格中的列写作“表格.列”")]
    choices: list[Choice]


class Remark(Told):
    """退回时对一个栏目的补正要求。"""

    field: Annotated[str, Field(description="所指的字段；所写不是本表的栏目的，为空")]
    about: str
    text: str


class StepBefore(Told):
    """上一环节所说：退回补正的意见，或转来的提问。"""

    step: str
    organisation: str
    at: datetime
    opinion: str
    remarks: list[Remark]
    back: Annotated[bool, Field(description="退回补正")]


class TaskWorksheet(Told):
    """填写待办所需：从何开始、可以选择什么、上一环节说了什么。"""

    known: Annotated[Filled, Field(description="没有草稿和已有内容时，表单由此开始：已知的内容，或系统的草拟")]
    choices: list[FieldChoices]
    returned: StepBefore | None
