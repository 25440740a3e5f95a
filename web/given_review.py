"""What a client sends about the pool and panels."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from engine.pool import Card
from web.given import Asked, Given

Kind = Literal["expert", "inspector"]


class PoolAsked(Asked):
    kind: Annotated[Literal["", "expert", "inspector"], Field(description="评审专家、实地抽查人员")] = ""
    words: Annotated[str, Field(max_length=100, description="姓名、任职单位或专业领域中的字")] = ""


class CandidatesAsked(Asked):
    fields: Annotated[str, Field(max_length=800, description="优先的专业领域，以顿号分开")] = ""


class CardGiven(Given):
    """名录中所记的情况。"""

    fields: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)]
    employer: Annotated[str, Field(max_length=500)]
    division: Annotated[str, Field(max_length=20)] = ""
    first_day: Annotated[date, Field(strict=False)]
    last_day: Annotated[date | None, Field(strict=False)] = None

    def card(self) -> Card:
        return Card(tuple(self.fields), self.employer, self.division, self.first_day, self.last_day)


class MemberGiven(CardGiven):
    """加入名录的人。"""

    bureau_code: Annotated[str, Field(max_length=20)]
    name: Annotated[str, Field(max_length=40, description="登录名")]
    kind: Kind


class ReasonGiven(Given):
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class InterestGiven(Given):
    """申报利害关系：写明集群或单位，二者择一。"""

    statement: Annotated[str, Field(min_length=1, max_length=500)]
    cluster: Annotated[str, Field(max_length=200, description="集群的全称或编号")] = ""
    organisation_code: Annotated[str, Field(max_length=20)] = ""
