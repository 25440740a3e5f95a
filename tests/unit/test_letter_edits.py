"""Letters as questions: what is not reworded keeps its bytes, and a blank that there is not gets nowhere."""

from dataclasses import replace

import pytest

from engine import bundle, letters
from engine.errors import FormInvalid
from engine.workshop import letter_edits
from engine.workshop.letter_edits import Letter

SHIPPED = {
    path: content
    for regime in bundle.regimes()
    for path, content in bundle.shipped(regime).items()
    if path.startswith("letters/")
}
URGED = "【催办】{{办件标题}}\n\n{{机构}}请您办理：\n\n· {{环节}}\n\n=== English ===\nUrged\n\nPlease go on.\n".encode()


def test_saving_a_letter_unchanged_leaves_every_shipped_file_byte_for_byte() -> None:
    assert len(SHIPPED) > 35
    for path, content in SHIPPED.items():
        assert letter_edits.saved(content, letter_edits.letter(content)) == content, path


def test_rewording_one_half_leaves_the_other_as_it_was() -> None:
    for path, content in SHIPPED.items():
        was = letter_edits.letter(content)
        for part in letter_edits.FIELDS:
            made = letter_edits.saved(content, replace(was, **{part: f"{getattr(was, part)}!"}))
            assert len(made) == len(content) + 1, (path, part)
            assert letters.letter_problems(made) == []


def test_a_letter_is_read_as_its_four_parts() -> None:
    assert letter_edits.letter(URGED) == Letter(
        "【催办】{{办件标题}}", "{{机构}}请您办理：\n\n· {{环节}}", "Urged", "Please go on."
    )


def test_an_english_half_comes_and_goes() -> None:
    chinese = letter_edits.saved(URGED, replace(letter_edits.letter(URGED), english_subject="", english_body=""))
    assert chinese == URGED.partition(b"\n=== English")[0]
    assert letter_edits.saved(chinese, letter_edits.letter(URGED)) == URGED


def test_a_new_letter_and_one_with_windows_line_ends_are_written() -> None:
    assert letter_edits.saved(None, Letter("标题", "正文\n第二行")) == "标题\n\n正文\n第二行\n".encode()
    windows = URGED.replace(b"\n", b"\r\n")
    was = letter_edits.letter(windows)
    assert letter_edits.saved(windows, was) == windows
    made = letter_edits.saved(windows, replace(was, body=was.body.replace("请您办理", "请即办理")))
    assert made == windows.replace("请您办理".encode(), "请即办理".encode())


@pytest.mark.parametrize(
    ("part", "text", "code", "why"),
    [
        (
            "body",
            "您的{{集群名}}已受理",
            "unknown_blank",
            "没有“集群名”这个空，是否想写“集群名称”？请从列表中选择后插入",
        ),
        ("subject", "{{手机号码}}", "unknown_blank", "没有“手机号码”这个空；请从列表中选择后插入，或把花括号去掉"),
        ("english_body", "{{Cluster}}", "unknown_blank", "没有“Cluster”这个空；请从列表中选择后插入，或把花括号去掉"),
        ("body", "", "required", "请写通知的正文"),
        ("subject", " ", "required", "请写通知的标题"),
        ("english_subject", "", "required", "英文的标题和正文要么都写，要么都不写"),
        ("subject", "两行\n标题", "one_line", "标题只写一行"),
        ("body", "{{集群名称}", "braces", "花括号不配对，空应写作 {{集群名称}} 的样子"),
        ("body", "正文\n=== English ===\n又一段", "divider", "以 === 开头的行是中英文的分隔，请改写"),
        ("body", "左\t右", "control", "含有控制字符（如制表符），请删去后重新输入"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_part_and_the_way_out(
    part: str, text: str, code: str, why: str
) -> None:
    with pytest.raises(FormInvalid) as refusal:
        letter_edits.saved(URGED, replace(letter_edits.letter(URGED), **{part: text}))
    assert [(each.field, each.code, each.message) for each in refusal.value.problems] == [(part, code, why)]


def test_a_letter_that_is_far_too_long_is_refused() -> None:
    with pytest.raises(FormInvalid) as refusal:
        letter_edits.saved(URGED, Letter("标题", "长" * letters.MAX_BYTES))
    assert [each.code for each in refusal.value.problems] == ["too_long"]
