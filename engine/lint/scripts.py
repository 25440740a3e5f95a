"""A diagram's scripts: the grammar they may use, of names that somebody sets, where SpiffWorkflow runs them once."""

from lxml import etree

from engine import scripts, xml
from engine.lint.findings import Report
from engine.scripts import sources

FORMATS = ("", "python", "text/python", "text/x-python", "application/python")


def check(report: Report, root: etree._Element, names: set[str]) -> None:
    """Report the scripts that cannot be run, by the line of the file. `names` are those the data may hold."""
    for task in root.iter(xml.tag("scriptTask")):
        _check_task(report, task)
    for kind in sources.EXTENSIONS:
        for extension in root.iter(f"{{{xml.SPIFF}}}{kind}"):
            around = extension.getparent()
            step = None if around is None else around.getparent()
            if step is not None and step.find(xml.tag("multiInstanceLoopCharacteristics")) is not None:
                report.error(extension, "script", "多实例任务不能有前置、后置脚本；请在前后各画一个脚本任务")
    for script in sources.within(report.file, root):
        for line, why in scripts.problems(script.text):
            report.error(script.line + line - 1, "script", f"脚本第 {line} 行：{why}", element=script.element)
        if not scripts.problems(script.text):
            _check_names(report, script, names)


def _check_task(report: Report, task: etree._Element) -> None:
    if len(task.findall(xml.tag("script"))) != 1:
        report.error(task, "script", "脚本任务应有一段脚本；请写明，或删除该任务")
    if task.get("scriptFormat", "").strip().lower() not in FORMATS:
        report.error(task, "script", f"不支持 {task.get('scriptFormat')} 脚本；请改用 Python 的写法")
    if task.find(xml.tag("multiInstanceLoopCharacteristics")) is not None:
        report.error(task, "script", "脚本任务不能是多实例的；请在脚本里用 for 逐项计算")


def _check_names(report: Report, script: sources.Script, names: set[str]) -> None:
    read = scripts.read(script.text)
    if unset := sorted(read.outside - names):
        why = f"脚本用到的 {unset[0]} 没有任何环节写入；请在前面环节的 variables 中列出，或改用已有的名称"
        report.error(script.line, "unknown-name", why, element=script.element)
