"""Letters in HTML for mail programs: made of the text, styles inlined, nothing fetched and nothing that runs."""

from html import escape

_PAGE = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{subject}</title></head>'
    '<body style="margin:0;padding:0;background:#eef1f6">'
    '<div style="max-width:640px;margin:0 auto;padding:24px 16px;'
    "font-family:'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;"
    'font-size:16px;line-height:1.7;color:#1b2430">'
    '<div style="border-top:4px solid #0b3f86;border-radius:4px;background:#ffffff;padding:24px">'
    '<h1 style="margin:0 0 16px;font-size:20px;line-height:1.4;color:#0b3f86">{subject}</h1>{body}'
    "</div></div></body></html>"
)
_PARAGRAPH = '<p style="margin:0 0 14px">{lines}</p>'


def of(subject: str, body: str, language: str) -> str:
    """The letter as a page: what an empty line parts is a paragraph, a line break stays one; all signs are escaped."""
    parts = [part.split("\n") for part in body.strip("\n").split("\n\n")]
    paragraphs = [_PARAGRAPH.format(lines="<br>".join(map(escape, lines))) for lines in parts if any(lines)]
    return _PAGE.format(language=escape(language), subject=escape(subject), body="".join(paragraphs))
