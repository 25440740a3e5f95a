"""The dossier (卷宗): all that is kept of one case in one archive that anybody can read and check without the system.

Made again, it has the same bytes: nothing of the moment, the machine or the program is in it.
"""

from engine.dossier.archive import Broken, note_taken, pack, problems, written
from engine.dossier.parts import GROUPS, Dossier, Part, Worded, made, of_case

__all__ = [
    "GROUPS",
    "Broken",
    "Dossier",
    "Part",
    "Worded",
    "made",
    "note_taken",
    "of_case",
    "pack",
    "problems",
    "written",
]
