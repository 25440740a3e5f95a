"""Organisations: the tree of bureaus, county departments and park committees, by their official division codes."""

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import enumerated, said
from engine.errors import NotFound, Refused, StepFailed
from engine.models import Case, Organisation

LEVELS = {"ministry": "部", "province": "省级", "city": "市级", "county": "县级", "park": "园区"}  # from the top down

_CODE = re.compile(r"[0-9]{6}(-[0-9]{2})?")  # 行政区划代码 (GB/T 2260), "-01" for a second body in the same division


class OrganisationInvalid(JiqunError):
    """An organisation that cannot stand in the tree like this."""

    code = "organisation_invalid"


def add(session: Session, code: str, name: str, level: str, parent_code: str | None = None) -> Organisation:
    """A new organisation below its parent. Raises OrganisationInvalid, NotFound for the parent."""
    if not _CODE.fullmatch(code):
        raise OrganisationInvalid(
            said("机构代码 %(code)s 应为六位行政区划代码，同一区划的第二个机构加 -01 这样的后缀", code=repr(code))
        )
    if level not in LEVELS:
        raise OrganisationInvalid(
            said("没有名为 %(level)s 的机构层级；可用的有 %(known)s", level=repr(level), known=enumerated(LEVELS))
        )
    if session.get(Organisation, code) is not None:
        raise OrganisationInvalid(said("机构代码 %(code)s 已被使用", code=code))
    above = get(session, parent_code) if parent_code else None
    order = list(LEVELS)
    if above is not None and order.index(above.level) >= order.index(level):
        raise OrganisationInvalid(
            said(
                "%(level)s机构不能设在%(above_level)s机构“%(above)s”之下",
                level=said(LEVELS[level]),
                above_level=said(LEVELS[above.level]),
                above=above.name,
            )
        )
    organisation = Organisation(
        code=code,
        name=name,
        level=level,
        division=code[:6],
        parent_code=parent_code,
        path=f"{above.path if above else '/'}{code}/",
    )
    session.add(organisation)
    session.flush()
    return organisation


def rename(session: Session, code: str, name: str) -> Organisation:
    """The organisation under another name; notices already published keep the old one. Raises NotFound."""
    organisation = get(session, code)
    organisation.name = name
    session.flush()
    return organisation


def mark(session: Session, code: str, *, western: bool, special: bool) -> Organisation:
    """The provincial department as one of the west, or of 计划单列市 and 兵团. Raises NotFound, OrganisationInvalid."""
    organisation = get(session, code)
    if organisation.level != "province":
        raise OrganisationInvalid(said("只有省级主管部门可以标记为西部地区、计划单列市或兵团"))
    organisation.western, organisation.special = western, special
    session.flush()
    return organisation


def get(session: Session, code: str) -> Organisation:
    """The organisation with this code. Raises NotFound."""
    organisation = session.get(Organisation, code)
    if organisation is None:
        raise NotFound(said("没有代码为 %(code)s 的机构；请核对行政区划代码", code=code))
    return organisation


def listed(session: Session) -> list[Organisation]:
    """All organisations, each after the one above it."""
    return list(session.scalars(select(Organisation).order_by(Organisation.path)))


def county_above(session: Session, code: str) -> str | None:
    """The county department at or above an organisation; None for a park committee without a county."""
    path = get(session, code).path.strip("/").split("/")
    found = select(Organisation.code).where(Organisation.code.in_(path), Organisation.level == "county")
    return session.scalar(found)


def chain(session: Session, code: str, levels: Sequence[str]) -> list[str]:
    """The offices of these levels above an applicant, in this order. Raises Refused where there is none of a level."""
    path = get(session, code).path.strip("/").split("/")
    query = select(Organisation.level, Organisation.code).where(Organisation.code.in_(path), Organisation.code != code)
    found = dict(session.execute(query).all())
    if missing := [level for level in levels if level not in found]:
        why = said(
            "本单位之上没有%(level)s主管部门，而申报须逐级审核推荐；请联系系统管理员在机构中补上后再申报",
            level=enumerated(said(LEVELS[level]) for level in missing),
        )
        raise Refused(why, organisation=code)
    return [found[level] for level in levels]


def acting(session: Session, case: Case, place: str) -> str:
    """Whose officers act for a case at this place: "applicant", "county", "bureau" or a level of its chain.

    "above city" is who comes next after the city's. Where there is no county above the applicant the bureau acts for
    it. Raises StepFailed for a level it lacks.
    """
    if place in {"applicant", "bureau"}:
        return case.organisation_code if place == "applicant" else case.bureau_code
    if place == "county":
        return county_above(session, case.organisation_code) or case.bureau_code
    if place.startswith("above "):
        above = [*case.chain.split(), case.bureau_code]
        return above[above.index(acting(session, case, place.removeprefix("above "))) + 1]
    of_level = Organisation.code.in_(case.chain.split()), Organisation.level == place
    found = session.scalar(select(Organisation.code).where(*of_level))
    if found is None:
        raise StepFailed(said("办件 %(case)s 没有 %(level)s 一级的办理单位", case=case.id, level=place), case=case.id)
    return found


def next_above(session: Session, case: Case, place: str) -> str | None:
    """To whom what is done at this place of a case goes next, from below; None: it has come to the bureau."""
    if place == "applicant" and applicant_level(session, case.organisation_code) == "park":
        return county_above(session, case.organisation_code)
    through = [*case.chain.split(), case.bureau_code]
    if place in {"applicant", "county"}:
        return through[0]
    here = acting(session, case, place)
    return None if here == case.bureau_code else through[through.index(here) + 1]


def applicant_level(session: Session, code: str) -> str:
    """What a diagram may ask of an applicant: "county", "park" (its county sends it in), "independent_park".

    清远 第十五条（一） lets park committees apply and has the county send the material in; who sends for a park
    without a county it does not say: such a park reports to the bureau itself (setting).
    """
    if get(session, code).level != "park":
        return "county"
    return "park" if county_above(session, code) else "independent_park"
