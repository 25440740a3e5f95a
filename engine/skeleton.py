"""The skeleton of a new regime: its numbers and its clauses as the common diagrams ask for them, to be filled in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lxml import etree

from config import clauses as clause_files
from config import regime as regime_files
from config.errors import RegimeInvalid
from engine import bundle, diagrams, xml

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_NUMBER = re.compile(r"""\blimit\(["']([a-z0-9_]+)["']\)""", re.ASCII)
_PERIOD = re.compile(r"""\bdeadline\(["']([a-z0-9_]+)["']\)""", re.ASCII)
_DAYS = 10  # of every time limit, until the owner says otherwise

_REGIME = """\
# {name}：由 jiqun new-regime 生成。写着“请填写”的，请按条文填写；填完后运行 jiqun check，再 jiqun deploy {name}。
# 数字后面写明所依条款 clause = "第…条"；条文没有规定、由本局设定的，写 basis = "setting"，页面会说明是本局设置。
# 共用的流程图、表单、通知和决策表直接可用；办理次序或内容不同的，才在 processes/{name}/ 中另放同名文件。

name = "{name}"  # 不要改：与文件名相同
title = "请填写认定名称"                    # 如 某某市中小企业特色产业集群
source = "请填写文号"                       # 如 某工信〔2025〕1号
bureau = "请填写机构代码"                   # 认定机关的六位行政区划代码，与“机构”中登记的一致
in_force_from = {today}                 # 请改为施行之日；写明废止之日的，另加 in_force_until

# 逐级推荐：县级和认定机关之间还有市级、省级的，写明 [chain] 和名额 [quota.city]，
# 并在 processes/{name}/ 中画出推荐的环节。
# [chain]
# levels = ["city"]
# bureau_sees = "filing"                   # filing：一经报送即可看到；recommendation：推荐之后才看到
# clause = "第…条"

# 认定条件：从下列各行中选用，去掉行首的 # 并写明条款；所用的数写在 [thresholds]。
[criteria]
{criteria}
[thresholds]                               # 数写成字符串；条文说“一般”的，另加 advisory = true
{thresholds}
# 各环节的时限，单位为工作日。
[limits]
{limits}{periods}
[obligations]                              # 每年的固定日期，没有的不写；写了的，要有同名的 [ladders.…]
# annual_report = {{ month = 3, day = 31, clause = "第…条", roll = "none", first_due_years_after = 1 }}

[validity]                                 # 认定的有效期
years = 3
clause = "请填写条款"
counts_first_day = false                   # 民法典第二百零一条：公布当日不计入

[renewal]                                  # 有效期届满前几个月起可以申请复核
window_months = 6
meanwhile = "rests"                        # 期满之后、复核有结果之前，认定是否算数：holds 算数，rests 不算
basis = "setting"

[objections]                               # 异议成立的：remove 移出名单；publicise_anew 可以重新公示
upheld = "remove"
file_until = "last_day"
basis = "setting"

[register]                                 # 登记编号：简称、公布年份、当年序号
number = "{{short}}{{year}}-{{serial:03}}"
short = "请填写简称"
basis = "setting"

# 提醒梯级：到期前几天提醒，负数为逾期之后；从 escalate_from 起同时告知上级；statutory 的不受个人设置影响。
[ladders.task]                             # 各环节的时限，按工作日
working_days = [3, 1, 0, -1, -3]
escalate_from = -1
statutory = false
basis = "setting"

[ladders.round_closing]                    # 申报截止
days = [14, 7, 3, 1, 0]
statutory = true
basis = "setting"

[ladders.publicity]                        # 公示的最后一日
working_days = [1, 0, -1]
statutory = true
basis = "setting"

[ladders.renewal]                          # 可以申请复核的首日
days = [30, 7, 0]
statutory = true
basis = "setting"

[ladders.expiry]                           # 有效期的最后一日
days = [180, 90, 60, 30, 7]
escalate_from = 30
statutory = true
basis = "setting"
"""

_CLAUSES = """\
# {name}：条文中每一项要求有人办理的职责，按条文的次序，一项一个 [[clause]]，用自己的话概括，不抄原文。
# 每项写明由什么承载 carriers，或者为何在系统之外 outside，二者择一。
# carriers 的 kind：element 环节、field 栏目、row 认定条件、letter 通知、obligation 到期事项。

[[clause]]
clause = "请填写条号"                       # 如 第十五条（一）
gist = "请填写：这一条要求做什么"
actor = "请填写：由谁办理"
carriers = [{{ kind = "element", id = "{first}" }}]   # {step}

# 条文没有规定的环节。条文有规定的，删去这里的一项，把 element 写进那一条的 carriers。
{internal}"""


@dataclass(frozen=True)
class _Step:
    id: str  # filing.fill_in
    name: str
    limit: str


def files(name: str, today: date) -> dict[str, str]:
    """The regime's files by their path in the working tree, with every number that the common diagrams ask for.

    Raises RegimeInvalid for a name that is taken, or that no file, table and address can have.
    """
    if not _NAME.fullmatch(name):
        raise RegimeInvalid(f"规则体系的名称应以小写英文字母开头，只含小写字母、数字和下划线，现为 {name!r}", name=name)
    own = f"{name}.toml"
    if any(path.exists() for path in (regime_files.FOLDER / own, clause_files.FOLDER / own, bundle.FOLDER / name)):
        raise RegimeInvalid(f"名称 {name} 已被使用；请换一个名称", name=name)
    common = {file: path.read_bytes() for file, path in bundle.common().items()}
    roots = {file: xml.read(file, common[file]) for file in sorted(common) if file.endswith((".bpmn", ".dmn"))}
    known = {step.id: step for file, root in roots.items() if file.endswith(".bpmn") for step in _steps(root)}
    nodes = (f"{drawn.process}.{node}" for drawn in diagrams.in_order(diagrams.of(common)) for node in drawn.nodes)
    steps = [known[node] for node in nodes if node in known]
    regime = _REGIME.format(
        name=name,
        today=today.isoformat(),
        criteria="".join(_criteria(roots["criteria.dmn"])),
        thresholds="".join(_thresholds(roots["criteria.dmn"])),
        limits="".join(_limits(steps)),
        periods="".join(_periods(common, steps)),
    )
    first, *others = steps
    internal = "".join(map(_internal, others))
    clauses = _CLAUSES.format(name=name, first=first.id, step=first.name, internal=internal)
    return {f"config/regimes/{own}": regime, f"config/clauses/{own}": clauses}


def write(folder: Path, content: Mapping[str, str]) -> list[Path]:
    """The files, newly made below the folder. Raises RegimeInvalid where one is there already; then none is written."""
    paths = {folder / name: text for name, text in content.items()}
    for path in paths:
        if path.exists():
            raise RegimeInvalid(f"{path} 已经存在；请换一个名称或文件夹", path=str(path))
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(paths)


def _steps(root: etree._Element) -> Iterator[_Step]:
    """What somebody does in a diagram."""
    for process in root.iter(xml.tag("process")):
        for task in process.iter(xml.tag("userTask")):
            rows = task.iterfind(f"{xml.tag('extensionElements')}/*/{{{xml.SPIFF}}}property")
            given = {row.get("name", ""): row.get("value", "") for row in rows}
            own = f"{process.get('id')}.{task.get('id')}"
            yield _Step(own, task.get("name", own), given.get("limit", ""))


def _limits(steps: list[_Step]) -> Iterator[str]:
    for limit in dict.fromkeys(step.limit for step in steps if step.limit):
        names = "、".join(dict.fromkeys(step.name for step in steps if step.limit == limit))
        yield f'{limit} = {{ working_days = {_DAYS}, basis = "setting" }}   # {names}\n'


def _periods(common: Mapping[str, bytes], steps: list[_Step]) -> Iterator[str]:
    """Those that the diagrams wait for and that are no time limit of a step: for the public."""
    text = b"".join(content for file, content in common.items() if file.endswith(".bpmn")).decode("utf-8")
    return map(_period, sorted(set(_PERIOD.findall(text)) - {step.limit for step in steps}))


def _period(name: str) -> str:
    counted = "count_first = false                        # 民法典第二百零一条"
    return f'\n[periods.{name}]\nworking_days = {_DAYS}\n{counted}\nbasis = "setting"\n'


def _rules(table: etree._Element) -> Iterator[tuple[str, list[str]]]:
    """Each row of a decision table with the texts of its results."""
    for rule in table.iterfind(".//{*}rule"):
        yield rule.get("id", ""), [cell.findtext("{*}text") or "" for cell in rule.iterfind("{*}outputEntry")]


def _criteria(table: etree._Element) -> Iterator[str]:
    outputs = [output.get("name") for output in table.iterfind(".//{*}output")]
    for rule, cells in _rules(table):
        label = cells[outputs.index("label")].strip('"')
        numbers = "、".join(dict.fromkeys(_NUMBER.findall(" ".join(cells))))
        yield f'# {rule} = "第…条"   # {label}{f"；数：{numbers}" if numbers else ""}\n'


def _thresholds(table: etree._Element) -> Iterator[str]:
    numbers = dict.fromkeys(number for _rule, cells in _rules(table) for number in _NUMBER.findall(" ".join(cells)))
    return (f'# {number} = {{ value = "…", unit = "…", clause = "第…条" }}\n' for number in numbers)


def _internal(step: _Step) -> str:
    why = 'reason = "请填写：为何设这一环节"'
    return f'\n[[internal]]                               # {step.name}\nelement = "{step.id}"\n{why}\n'
