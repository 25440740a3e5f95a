"""Forms as HTML: a form's file and its answers become what a page draws, and a post becomes answers again.

    page = form_html.draw(layout, names, form_html.Filling(answers, problems=…))   # then work/fields.html draws it
    answers = form_html.read(layout, names, request.form, answers_so_far)

A field's name in HTML is its path in problems: `output.2024`, `enterprises[3].name`; a moment has two, `.date` and
`.time`. Names that begin with `_` belong to the page. What the scripts of a form go by:

    form      data-autosave (address of the draft) data-version data-saved-at data-person
    text      data-count (most characters; the line beside it has the id `…-count`)
    field     data-show-field, data-show-in (JSON): asked only while that field has one of these values
    several   data-list: each control of this name is one item of a list
    table     data-table data-most, a <template> of a row, data-row-add data-row-remove data-row-number
    lines     data-cells: fields in one table, into which a part of a spreadsheet may be pasted
    files     data-upload (address), a list data-files, a <template>, data-file-name data-file-delete data-upload-send
"""

from web.form_html.drawing import draw
from web.form_html.layout import Layout, Section, layout_of
from web.form_html.parts import Filed, Filling, Item, Option, StoredName
from web.form_html.posting import given, kept, read
from web.form_html.reading import Shown, filed_lines, show
from web.form_html.standing import Standing, problems_of, standings

__all__ = [
    "Filed",
    "Filling",
    "Item",
    "Layout",
    "Option",
    "Section",
    "Shown",
    "Standing",
    "StoredName",
    "draw",
    "filed_lines",
    "given",
    "kept",
    "layout_of",
    "problems_of",
    "read",
    "show",
    "standings",
]
