"""`python -m engine.migrations "add the incident to the case"`: write down how the models differ from the history."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from engine import clock
from engine.db import MIGRATIONS, Database


def main(sentence: str) -> None:
    """A new file in `versions/`, to be read and tidied: alembic sees neither renamings nor triggers."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Database(f"sqlite:///{Path(folder) / 'scratch.sqlite'}")
        scratch.upgrade()
        with scratch.engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            config.attributes["connection"] = connection
            command.revision(config, sentence, autogenerate=True, rev_id=_revision())
        scratch.close()


def _revision() -> str:
    """Today's date; a second change of the day gets a letter behind it."""
    day = f"{clock.today():%Y%m%d}"
    taken = len(list((MIGRATIONS / "versions").glob(f"{day}*.py")))
    return day if not taken else day + "abcdefghijklmnopqrstuvwxyz"[taken]


if __name__ == "__main__":
    main(sys.argv[1])
