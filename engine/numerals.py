"""Numerals: a number as people type it, and as everything else reads it."""

import re

_NARROW = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?", re.ASCII)


def plain(text: str) -> str:
    """The numeral in half-width digits, without thousands separators: １，２３４．５ and 1,234.5 give 1234.5.

    Commas that do not part thousands stay: 86,4 may have been meant as 86.4, and nobody guesses.
    """
    narrow = text.translate(_NARROW)
    return narrow.replace(",", "") if _GROUPED.fullmatch(narrow) else narrow
