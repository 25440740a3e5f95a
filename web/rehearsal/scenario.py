"""The scenario of a rehearsal (剧本): what people do, by words; a cluster may have words of its own."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from config import tables
from config.tables import Table

# What a scenario may say: word → what may be written there; the first holds where nothing is said.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "reports": ("on_time", "late", "never"),  # the annual report, by who fills it in
    "checks": ("on_time", "late", "never"),  # its check, at every office that does one
    "renewals": ("apply", "never"),
    "reviews": ("pass", "fail"),  # of a renewal, and the decision on it
    "objections": ("none", "one"),  # to each list that is made public meanwhile
}
MOST_CLUSTERS: Final = 1000
MOST_SEED: Final = 2**31
_CLUSTER: Final = "cluster"


@dataclass(frozen=True)
class Scenario:
    """How people behave. `clusters` has the words of some: by their place from 1, or by their name."""

    seed: int = 1
    words: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[int | str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, word: str, *cluster: int | str) -> str:
        """What holds for the cluster that is known as this."""
        own = next((self.clusters[each] for each in cluster if word in self.clusters.get(each, {})), self.words)
        return own.get(word, WORDS[word][0])

    def luck(self, *about: object) -> random.Random:
        """Chance that hangs on the seed and on what it is about alone."""
        return random.Random(":".join(map(str, (self.seed, *about))))  # noqa: S311  # it is to be repeated


def read(content: bytes, name: str) -> Scenario:
    """The scenario of a TOML file. Raises RegimeInvalid, naming an unknown word and the nearest right one."""
    top = tables.read(content, name, ("seed", *WORDS, _CLUSTER))
    own: dict[int | str, Mapping[str, str]] = {}
    for each in top.array(_CLUSTER, ("number", "name", *WORDS)) if _CLUSTER in top else ():
        if ("number" in each) == ("name" in each):
            each.refuse("number", "或 name 应写明其中一项：第几个集群，或集群名称")
        which = each.whole("number", 1, MOST_CLUSTERS) if "number" in each else each.text("name")
        own[which] = {**own.get(which, {}), **_said(each)}
    return Scenario(top.whole("seed", 0, MOST_SEED) if "seed" in top else 1, _said(top), own)


def _said(table: Table) -> dict[str, str]:
    said: dict[str, Any] = {}
    for word in WORDS:
        if word in table:
            said[word] = table.text(word)
            if said[word] not in WORDS[word]:
                table.refuse(word, f"写作 {said[word]!r}{tables.among(said[word], WORDS[word])}")
    return said
