"""Four applications of one round on their way to the panels: three counties' and a park's, each with its own fate.

| cluster | by | up to the panels |
|---|---|---|
| `ALLOY` | a county | filled in in two sittings; passes |
| `CERAMICS` | a county | returned for correction and filed again; passes |
| `BAMBOO` | a county | one share is just not above its threshold; does not pass the first review |
| `FEED` | a park, by way of its county | recognised by the province already, which is verified instead |
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests import samples
from tests.browser import story
from tests.browser.filling import application, parts
from tests.browser.story import RETURN, Desks
from tests.unit.test_photos import jpeg
from tests.unit.test_uploads import PDF

ALLOY = "云溪县中小企业特色产业集群（特种铝型材产业）"
CERAMICS = "石桥县中小企业特色产业集群（精细陶瓷产业）"
BAMBOO = "梅塘县中小企业特色产业集群（竹木家具产业）"
FEED = "松岭园中小企业特色产业集群（生物饲料产业）"

FIRST_SITTING = 5  # parts of the form; the others come a day later
SHARE = "主导产业占集群总产值比例"
NOT_ABOVE = {"leading_share": {"2023": "66", "2024": "63", "2025": "60.00"}}  # 高于60%: a hundredth is missing
WHY_NOT = "主导产业占集群总产值比例为60.00%，没有高于60%。"
RECOGNISED_BY = "示例省级公告〔2025〕1号"
PROVINCIAL = {"higher_level_recognition": "provincial", "higher_level_reference": RECOGNISED_BY}


@dataclass(frozen=True)
class Papers:
    """Files that people have at hand."""

    proof: Path
    recognition: Path
    photo: Path

    @classmethod
    def lie_in(cls, folder: Path) -> "Papers":
        found = cls(*(folder / name for name in ("集群区域范围证明.pdf", "省级认定文件.pdf", "车间.jpg")))
        found.proof.write_bytes(PDF)
        found.recognition.write_bytes(PDF)
        found.photo.write_bytes(jpeg("2026:04:09 10:15:30"))
        return found


# ---- 申报 ---------------------------------------------------------------------------------------


def in_two_sittings(at: Desks, papers: Papers) -> int:
    """The whole form, part by part, the second half a day later."""
    county = at.sits_down("county", "2026-03-03 09:00")
    case_id = story.begins(at, county, _start(ALLOY), {})
    pages, task = list(parts(county)), county.url
    at.fills_parts(county, pages[:FIRST_SITTING], application(), {})
    county = at.sits_down("county", "2026-03-04 14:00")
    county.goto(task)
    expect(county.locator("main")).to_contain_text(f"已完成 {FIRST_SITTING} 部分")
    at.fills_parts(county, pages[FIRST_SITTING:], application(), {"evidence_1_files": papers.proof})
    story.checks(county)
    at.submits(county)
    return case_id


def with_a_wrong_area(at: Desks, papers: Papers) -> int:
    county = at.sits_down("county2", "2026-03-05 09:00")
    case_id = _fills(at, county, CERAMICS, papers, area_km2="80.00")
    story.checks(county)
    at.submits(county)
    return case_id


def just_not_enough(at: Desks, papers: Papers) -> None:
    """高于60% does not include 60: the check page says so, and stops nobody."""
    county = at.sits_down("county3", "2026-03-06 09:00")
    _fills(at, county, BAMBOO, papers, **NOT_ABOVE)
    story.checks(county)
    share = county.locator(".jq-precheck tr", has_text=SHARE)
    expect(share).to_contain_text("60.00")
    expect(share).to_contain_text("不符合")
    expect(county.locator(".jq-precheck .jq-badge", has_text="不符合")).to_have_count(1)
    at.submits(county)


def by_way_of_the_county(at: Desks, papers: Papers) -> None:
    """A park files, and its county sends it in (第十五条（一）); the bureau hears nothing before."""
    park = at.sits_down("park3", "2026-03-09 09:00")
    _fills(at, park, FEED, papers, **PROVINCIAL)
    story.checks(park)
    at.submits(park)
    city = at.sits_down("city", "2026-03-09 17:00")
    city.goto("/tasks")
    expect(city.locator("tbody tr", has_text=ALLOY)).to_be_visible()
    expect(city.locator("tbody tr", has_text=FEED)).to_have_count(0)
    at.does("county4", "2026-03-10 09:00", "报送申报材料", samples.ANSWERS["forward"], FEED)


def _fills(at: Desks, page: Page, cluster: str, papers: Papers, **changes: Any) -> int:
    """The whole form in one sitting, part by part."""
    own = {"cluster_name": cluster} | changes
    proof = {"higher_level_document": papers.recognition} if "higher_level_recognition" in changes else {}
    case_id = story.begins(at, page, _start(cluster) | own, proof)
    at.fills_parts(page, list(parts(page)), application() | own, {"evidence_1_files": papers.proof})
    return case_id


def _start(cluster: str) -> dict[str, Any]:
    return samples.ANSWERS["application_start"] | {"cluster_name": cluster}


# ---- 受理、初审 ----------------------------------------------------------------------------------


def accepted(at: Desks) -> None:
    city = at.sits_down("city", "2026-03-11 10:00")
    for cluster in (ALLOY, BAMBOO, FEED):
        at.opens(city, "受理", cluster)
        at.completes(city, samples.ANSWERS["acceptance"])


def returned_and_filed_again(at: Desks) -> None:
    """It is handed back with a remark at a field, and comes to the same officer after the correction."""
    at.does("city2", "2026-03-11 15:00", "受理", RETURN, CERAMICS)
    with story.corrects(at, "county2", "2026-03-13 10:00") as county:
        remarked = county.locator("main .jq-returned a").first.get_attribute("href") or ""
        assert "/part/part_1" in remarked
        at.fills_part(county, remarked, {"area_km2": "85.50"}, {}, remark="占地面积与区划图不一致")
    city = at.sits_down("city2", "2026-03-16 10:00")
    at.opens(city, "受理", CERAMICS)
    expect(city.locator("main")).to_contain_text("85.50")
    at.completes(city, samples.ANSWERS["acceptance"])


def first_reviewed(at: Desks) -> None:
    """Two pass, each by another officer; the third is told why it does not."""
    at.does("city2", "2026-03-17 09:00", "初审", samples.ANSWERS["first_review"], ALLOY)
    city = at.sits_down("city", "2026-03-17 10:00")
    at.opens(city, "初审", CERAMICS)
    at.completes(city, samples.ANSWERS["first_review"])
    at.opens(city, "初审", BAMBOO)
    expect(city.locator(".jq-precheck tr", has_text=SHARE)).to_contain_text("不符合")
    finding = {"finding_competitiveness": {"judgement": "not_met", "reason": WHY_NOT}}
    at.completes(city, samples.ANSWERS["first_review"] | finding | {"decision": "fail", "opinion": WHY_NOT})
    county = at.sits_down("county3", "2026-03-18 09:00")
    story.reads_case(county, BAMBOO)
    expect(county.locator("main")).to_contain_text("初审不通过")
    expect(county.locator(".jq-letter").first).to_contain_text("未通过初审")
    expect(county.locator(".jq-letter").first).to_contain_text(WHY_NOT)


def verified_instead_of_reviewed(at: Desks, papers: Papers) -> None:
    """第十五条（二）: a person holds the evidence against the province's list, and no panel is asked."""
    city = at.sits_down("city2", "2026-03-18 10:00")
    at.opens(city, "核实上级认定", FEED)
    claimed = city.locator(".jq-beside")
    expect(claimed).to_contain_text("是，省级")
    expect(claimed).to_contain_text(RECOGNISED_BY)
    expect(claimed.get_by_role("link", name=papers.recognition.name)).to_be_visible()
    at.completes(city, samples.ANSWERS["verify_higher_level"] | {"checked_document": RECOGNISED_BY})
    expect(city.locator("main")).to_contain_text("等待批次结果")
