"""The numbers of a 公文 after GB/T 9704-2012, the same for Word and PDF. In mm, or pt where it says so."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """版面. Each number with its clause of GB/T 9704-2012."""

    top: float = 37  # 天头, 5.2.1
    left: float = 28  # 订口, 5.2.1
    right: float = 26  # what the 156 mm of text leave of A4, 5.2.1
    bottom: float = 35  # what its 225 mm leave
    text_width: float = 156  # 版心, 5.2.1
    mark_down: float = 35  # 发文机关标志 below the upper edge of the text, 7.2.4
    mark: float = 40  # pt; 7.2.4 leaves the size to the office: as large as fits on one line
    red_line: float = 2  # pt; 7.2.7 gives the line no weight
    body: float = 16  # pt, 3号, 5.2.2
    title: float = 22  # pt, 2号, 7.3.1
    small: float = 14  # pt, 4号: page numbers and 版记, 7.4, 7.5
    table: float = 12  # pt, 小4号: lists are wider than they are long
    line: float = 29  # pt: 22 lines on 225 mm, 5.2.3
    tracking: float = -0.22  # pt: 28 characters on 156 mm, 5.2.3


A4 = (210, 297)  # mm, 5.1
LAYOUT = Layout()
POINT = 25.4 / 72  # mm


def mark_size(mark: str) -> float:
    """The size of the 发文机关标志 in pt: the usual one, or what a long name leaves on one line."""
    return min(LAYOUT.mark, LAYOUT.text_width / POINT / max(len(mark), 1))
