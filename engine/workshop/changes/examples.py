"""The differences of an example case that is kept with the bundle."""

from collections.abc import Iterator

from config.sentences import said
from engine.workshop.changes.parts import Change, Side, flat, of_thing


def changes(name: str, old: Side, new: Side) -> Iterator[Change]:
    """What is other in an example that both sides have. Raises ValueError where one is no JSON."""
    own = name.removeprefix("examples/").removesuffix(".json")

    like = Change(name, "example", own, said("示例“%(name)s”", name=own))
    yield from of_thing(like, flat(old.json(name)), flat(new.json(name)))
