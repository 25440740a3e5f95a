"""What the API answers about files."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from web.told import Told


class FileInfo(Told):
    """已上传的文件。"""

    id: str
    name: str
    media_type: str
    size: Annotated[int, Field(description="字节")]
    sha256: str
    case_id: int | None
    uploaded_at: datetime


class CaseFile(Told):
    """办件的一个文件；同名的依上传先后为第 1、2、3 版。"""

    id: str
    name: str
    size: int
    media_type: str
    sha256: str
    uploaded_at: datetime
    uploaded_by: Annotated[str | None, Field(description="只对本局人员显示")] = None
    version: int
    current: Annotated[bool, Field(description="最近一次填报是否仍在使用")]


class CaseFileList(Told):
    items: list[CaseFile]
