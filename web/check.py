"""`jiqun check`: what is wrong with diagrams, tables, forms, letters and regimes, a JSON line a finding."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import click

from config import regime as regime_files
from config.errors import JiqunError, RegimeInvalid
from engine import bundle, lint, xml
from engine.bundle import Files
from engine.lint import Finding
from web import check_draft
from web.answers import Unusable

_FOLDERS = {".bpmn": "", ".dmn": "", ".json": "forms/", ".txt": "letters/", ".toml": ""}
_OF_DEPLOYMENTS = {"no-clause"}  # a file by itself belongs to no regime yet


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fast", is_flag=True, help="不在子进程里试运行")
@click.option("--draft", "number", type=click.IntRange(1), metavar="N", help="检查这份草案：另走遍每条连线，重走示例")
@click.option("--year", is_flag=True, help="同 --draft：并按现行版本和草案各推演今后一年，列出不同")
def check(paths: tuple[Path, ...], fast: bool, number: int | None, year: bool) -> None:
    """检查流程图、决策表、表单、通知和规则体系；不写 PATH 时检查随程序发布的全部规则体系。

    PATH 可以是单个文件，也可以是按流程包排列的文件夹。每个问题一行 JSON；有错误时退出码为 1。
    """
    if (paths and number) or (year and not number):
        raise click.UsageError("--draft 不与 PATH 同用；--year 只与 --draft 同用")
    errors = warnings = 0
    seen = set()
    for finding in check_draft.findings(number, year=year) if number else _found(paths, dry_run=not fast):
        if finding not in seen:  # several regimes share most files
            seen.add(finding)
            errors += finding.severity == "error"
            warnings += finding.severity == "warning"
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
    click.echo(f"错误 {errors} 个，警告 {warnings} 个", err=True)
    if errors:
        click.get_current_context().exit(1)


def _found(paths: Iterable[Path], *, dry_run: bool) -> Iterator[Finding]:
    """The findings of each path, their files told as the reader would open them."""
    loose: list[dict[str, Path]] = [{}]  # files that are no whole bundle, each group without a name twice
    paths = list(paths) or [bundle.FOLDER]
    for path in paths:
        if path.is_dir() and path.resolve() == bundle.FOLDER.resolve():
            yield from _shipped(dry_run)
        elif path.is_dir():
            files = bundle.from_folder(path)
            if not files:
                raise Unusable(f"{path} 里没有流程图、决策表、表单或通知")
            if "regime.toml" in files:
                yield from _at(lint.problems(files, dry_run=dry_run), {name: path / name for name in files}, path)
            else:
                loose.append({name: path / name for name in files})
        else:
            name = _name_in_a_bundle(path)
            if name in loose[-1]:
                loose.append({})
            loose[-1][name] = path
    for group in filter(None, loose):
        yield from _by_themselves(group, dry_run)


def _shipped(dry_run: bool) -> Iterator[Finding]:
    for regime in regime_files.names():
        if why := _unusable(regime):
            file = _from_here(regime_files.FOLDER / f"{regime}.toml").as_posix()
            yield Finding(file, None, "", "regime", "error", why)
            continue
        sources = {name: _from_here(path) for name, path in bundle.sources(regime).items()}
        yield from _at(lint.problems(bundle.shipped(regime), dry_run=dry_run), sources, Path(regime))


def _unusable(regime: str) -> str:
    """Why the rest of the regime's files cannot be looked at; empty where they can."""
    try:
        rules = regime_files.shipped(regime)
    except RegimeInvalid as error:
        return error.message
    return "" if rules.deployable else f"规则体系 {regime} 没有各环节的时限；请写明 [limits]"


def _by_themselves(group: dict[str, Path], dry_run: bool) -> Iterator[Finding]:
    """Files that are checked as if they stood in a shipped bundle: what is wrong there is wrong in every regime."""
    own = {name: _read(path) for name, path in group.items()}
    surroundings: list[Files] = [bundle.shipped(regime) for regime in bundle.regimes()] or [{}]
    answers = [lint.problems({**files, **own}, only=own, dry_run=dry_run) for files in surroundings]
    everywhere = set.intersection(*({_place(finding) for finding in found} for found in answers))
    found = [finding for finding in answers[0] if _place(finding) in everywhere and finding.rule not in _OF_DEPLOYMENTS]
    yield from _at(found, group, Path())


def _place(finding: Finding) -> tuple[str, int | None, str, str]:
    return finding.file, finding.line, finding.element, finding.rule


def _at(findings: Iterable[Finding], sources: dict[str, Path], folder: Path) -> Iterator[Finding]:
    for finding in findings:
        source = sources.get(finding.file, folder / finding.file)
        yield replace(finding, file=source.as_posix(), line=None if bundle.is_composed(source) else finding.line)


def _name_in_a_bundle(path: Path) -> str:
    """Where a bundle would have this file. A diagram by itself may have any name: it counts as its process."""
    if not path.is_file():
        raise Unusable(f"没有文件 {path}")
    if path.suffix not in _FOLDERS:
        raise Unusable(f"{path} 不是流程图（.bpmn）、决策表（.dmn）、表单（.json）、通知（.txt）或规则体系（.toml）")
    if path.suffix == ".toml":
        return "clauses.toml" if "clauses" in (path.stem, path.parent.name) else "regime.toml"
    if path.suffix == ".bpmn":
        try:
            process = xml.read(path.name, _read(path)).find(xml.tag("process"))
        except JiqunError:
            return path.name
        return path.name if process is None else f"{process.get('id')}.bpmn"
    return _FOLDERS[path.suffix] + path.name


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(xml.MAX_BYTES + 1)  # one more than the reader lets in
    except OSError as error:
        raise Unusable(f"不能读取 {path}：{error.strerror}") from error


def _from_here(path: Path) -> Path:
    """The path as it is told from the folder the reader is in, where it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
