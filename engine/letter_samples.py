"""What fills a letter while its writer looks at it: an invented example, the longest there is, letters sent before."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, bundle, deployments, letters, particulars
from engine.access import Actor
from engine.deployments import Deployed
from engine.models import Case, Deployment, Letter

REAL = 10  # letters that were sent, to choose from
_LONG = 60  # characters of a name

_INVENTED = {
    "办件标题": "示例县中小企业特色产业集群（示例产业）",
    "办件编号": "41",
    "集群名称": "示例县中小企业特色产业集群（示例产业）",
    "批次": "2026年度认定批次",
    "环节": "受理",
    "机构": "示例市工业和信息化局",
    "期限": "2026年3月15日",
    "意见": "缺少专精特新企业名单；佐证材料第3项：请补交加盖公章的名单",
    "安排": "时间：2026年7月8日09:30至16:00\n地点：示例产业园管理委员会\n联系：服务科 0000000",
    "条款": "第十五条（二）",
    "登记编号": "示例2026-001",
    "有效期": "2026年6月20日至2029年6月20日",
    "认定方式": "自动认定（第十五条（二））",
    "经办": "示例县中小企业主管部门",
    "义务": "年度报告",
    "剩余": "还剩7天",
    "公示期": "2026年6月3日至2026年6月11日",
    "原期限": "2026年3月13日",
    "变更依据": "放假通知的文号",
    "汇总": "· 【新待办】受理：示例办件\n· 【到期提醒】初审还剩1天：示例办件",
    "年份": "2027",
}


@dataclass(frozen=True)
class Example:
    """What fills the blanks, and what it is called in the list to choose from."""

    title: str
    fields: Mapping[str, str]


def regimes(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """The regimes whose letters the actor looks after, name and title: those that are deployed, else all that ship."""
    access.require(actor, "letter.preview")
    found = sorted(set(session.scalars(select(Deployment.regime)))) or bundle.regimes()
    titles = {name: _title(session, name) for name in found}
    return [(name, title) for name, title in titles.items() if title]


def names(session: Session, regime: str) -> list[str]:
    """The letters of a regime, by name: those deployed and those that ship beside them."""
    own = _paths(deployed(session, regime).files)
    return sorted(own | {path.stem for path in (bundle.FOLDER / "letters").glob("*.txt")})


def deployed(session: Session, regime: str) -> Deployed:
    """The deployment of a regime that is in force; as it ships where it has none."""
    deployment = deployments.in_force(session, regime)
    return deployments.deployed(session, deployment.id) if deployment else deployments.shipped(regime)


def examples(session: Session, actor: Actor, regime: str, name: str) -> dict[str, Example]:
    """What a letter can be looked at with, by a key: invented, the longest, the last ones of the actor's bureau."""
    access.require(actor, "letter.preview")
    found = {
        "invented": Example(said("示例数据"), particulars.whole(_INVENTED)),
        "longest": Example(
            said("最长的数据"),
            particulars.whole(dict.fromkeys(letters.FIELDS, "长" * _LONG) | {"期限": "2026年12月31日"}),
        ),
    }
    bureaus = access.offices(actor, {"process_owner"})
    query = (
        select(Letter)
        .join(Case, Case.id == Letter.case_id)
        .where(Letter.template == name, Case.regime == regime, Case.bureau_code.in_(bureaus))
        .order_by(Letter.id.desc())
    )
    for letter in session.scalars(query.limit(REAL)):
        title = said("办件 %(number)s 的通知", number=letter.case_id)
        found[f"letter{letter.id}"] = Example(title, particulars.whole(letter.fields))
    return found


def _title(session: Session, regime: str) -> str:
    return deployed(session, regime).regime.title


def _paths(files: Mapping[str, bytes]) -> set[str]:
    return {path.removeprefix("letters/").removesuffix(".txt") for path in files if path.startswith("letters/")}
