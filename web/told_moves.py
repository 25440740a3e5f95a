"""What the API answers about the move of a case to another version."""

from typing import Annotated, Literal

from pydantic import Field

from web.told import Told


class MoveVerdict(Told):
    """办件在另一版本上能否办结。"""

    case: int
    version: Annotated[int, Field(description="预演时办件的版次；迁移时原样交回，其间有办理的不迁移")]
    before: Annotated[int, Field(description="现在所在的流程版本")]
    to: Annotated[int, Field(description="预演的流程版本")]
    verdict: Annotated[Literal["safe", "unsafe", "unknown"], Field(description="能、不能、未能断定")]
    why: str
    path: Annotated[list[str], Field(description="元素；不能办结的，是走到停住之处的路；其余的，是已走的路")]
    stands: Annotated[list[str], Field(description="其时停留之处")]
    words: Annotated[list[str], Field(description="走到停住之处的路，以环节的名称写出")]
    notes: Annotated[list[str], Field(description="迁移之后与原来不同之处")]


class MoveDone(Told):
    """已迁移，或者已撤销迁移。"""

    case: int
    before: Annotated[int, Field(description="原来的流程版本")]
    to: Annotated[int, Field(description="现在的流程版本")]
    version: Annotated[int, Field(description="办件现在的版次")]
