"""A draw can be repeated from its seed, by anybody and without this program."""

import hashlib

import pytest

from engine import lots

SEED = "00112233445566778899aabbccddeeff"
PEOPLE = list(range(1, 31))


def test_a_draw_with_the_same_seed_gives_the_same_people():
    assert lots.draw(SEED, PEOPLE, 5) == lots.draw(SEED, reversed(PEOPLE), 5)


def test_another_seed_draws_other_people():
    drawn = {tuple(lots.draw(lots.seed(), PEOPLE, 5)) for _ in range(20)}
    assert len(drawn) > 1


def test_the_draw_is_the_published_rule_worked_by_hand():
    by_hand = sorted(PEOPLE, key=lambda person: hashlib.sha256(f"{SEED}:{person}".encode()).hexdigest())
    assert lots.order(SEED, PEOPLE) == by_hand
    assert lots.draw(SEED, PEOPLE, 7) == by_hand[:7]


def test_one_who_drops_out_leaves_the_others_in_their_order():
    everybody = lots.order(SEED, PEOPLE)
    gone = everybody[2]
    assert lots.order(SEED, [person for person in PEOPLE if person != gone]) == [
        person for person in everybody if person != gone
    ]


def test_nobody_is_drawn_twice_and_nobody_from_outside():
    drawn = lots.draw(SEED, [*PEOPLE, 7, 7], 99)
    assert sorted(drawn) == PEOPLE


def test_a_seed_has_128_bits():
    assert len(bytes.fromhex(lots.seed())) == 16


def test_a_negative_number_of_lots_is_an_error():
    with pytest.raises(ValueError, match="-1"):
        lots.draw(SEED, PEOPLE, -1)
