"""Specimen answers: every form that ships takes them, whatever was decided in it."""

import pytest

from engine import bundle, clock, forms, specimens
from tests import samples

FORMS = [(regime, name) for regime in bundle.regimes() for name in bundle.shipped(regime) if name.startswith("forms/")]
THINGS = {"file": ["0" * 32], "member": [1, 2], "case": [1]}


@pytest.mark.parametrize(("regime", "name"), FORMS)
def test_a_form_takes_its_specimen_and_every_decision(regime: str, name: str) -> None:
    form = forms.parse(bundle.shipped(regime)[name])
    decisions = form.choices("decision") if "decision" in form.fields() else []
    with clock.replaced_by(lambda: samples.MOMENT):
        for given in [{"decision": each} for each in decisions] or [{}]:
            assert given.items() <= specimens.answers(form, given, things=THINGS).items()
