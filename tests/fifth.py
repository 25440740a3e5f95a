"""A fifth regime, invented: the one small file that somebody writes, and the folders in which it stands for a test."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from config import clauses as clause_files
from config import regime as regime_files
from engine import skeleton

NAME = "cloud_district"
BUREAU = "450000"
RULES = f"""
name = "{NAME}"
title = "云区中小企业特色产业集群"
source = "云企〔2025〕5号"
bureau = "{BUREAU}"
in_force_from = 2025-01-01

[criteria]
area = "第三条"
output = "第四条"

[thresholds]
area_km2 = {{ value = "50", unit = "平方公里", clause = "第三条" }}
output_100m_yuan = {{ value = "22", unit = "亿元", clause = "第四条" }}

[limits]
acceptance = {{ working_days = 2, clause = "第五条" }}
correction = {{ working_days = 5, basis = "setting" }}
first_review = {{ working_days = 6, clause = "第六条" }}
draft_list = {{ working_days = 5, basis = "setting" }}
decision = {{ working_days = 5, basis = "setting" }}
objections_check = {{ working_days = 5, basis = "setting" }}
objection_investigation = {{ working_days = 5, basis = "setting" }}
objection_decision = {{ working_days = 3, basis = "setting" }}
settling = {{ working_days = 5, basis = "setting" }}
publication = {{ working_days = 3, basis = "setting" }}
change_filing = {{ working_days = 5, basis = "setting" }}
change_check = {{ working_days = 5, basis = "setting" }}
hearing = {{ working_days = 5, basis = "setting" }}
revocation_proposal = {{ working_days = 5, basis = "setting" }}

[periods.publicity]
working_days = 3
clause = "第七条"

[obligations]

[validity]
years = 5
clause = "第八条"
counts_first_day = false

[renewal]
window_months = 3
basis = "setting"

[register]
number = "{{short}}-{{year}}-{{serial}}"
short = "云"
basis = "setting"
"""


def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folders with the regimes, in which the program finds them until the test ends."""
    for files in (regime_files, clause_files):
        copy = tmp_path / "config" / files.FOLDER.name
        shutil.copytree(files.FOLDER, copy)
        monkeypatch.setattr(files, "FOLDER", copy)
    return tmp_path


def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders with the fifth regime: what `jiqun new-regime` writes, and the small file in place of its numbers."""
    tree = folders(tmp_path, monkeypatch)
    skeleton.write(tree, skeleton.files(NAME, date(2025, 1, 1)))
    (tree / "config" / "regimes" / f"{NAME}.toml").write_text(RULES, encoding="utf-8")
    return tree
