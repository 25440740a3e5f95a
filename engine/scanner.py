"""The malware scanner of the installation, if it has one: a program that is shown each upload before it is kept."""

import logging
import shlex
import shutil
import subprocess
from pathlib import Path

from config.errors import JiqunError, SettingInvalid
from config.sentences import said

SECONDS = 120  # a scanner that thinks longer is as good as none

CLEAN, FOUND = 0, 1  # exit codes, as clamscan, clamdscan and most others have them

log = logging.getLogger(__name__)


class ScanFailed(JiqunError):
    """The scanner gave no answer, so the upload is not kept. It is the installation's fault, not the file's."""

    code = "scan_failed"


def command(setting: str) -> list[str]:
    """The words of the command line that JIQUN_SCANNER holds; none without a scanner. Raises SettingInvalid."""
    try:
        words = shlex.split(setting)
    except ValueError as error:
        raise SettingInvalid(
            said("JIQUN_SCANNER 的引号不配对：%(setting)s", setting=repr(setting)), name="JIQUN_SCANNER"
        ) from error
    if words and shutil.which(words[0]) is None:
        raise SettingInvalid(
            said("JIQUN_SCANNER 所写的程序 %(program)s 不存在或不能运行；请安装，或去掉此设置", program=words[0]),
            name="JIQUN_SCANNER",
        )
    return words


def finds(setting: str, file: Path) -> bool:
    """Whether the scanner finds something in the file. Raises ScanFailed where it answers neither yes nor no.

    No shell takes part: the file's path is one more word behind those of the setting.
    """
    if not setting:
        return False
    try:
        done = subprocess.run(  # noqa: S603  # the words are the administrator's, the path is ours
            [*command(setting), str(file.absolute())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, SettingInvalid, subprocess.TimeoutExpired) as error:
        log.error("scanner: %s", error)
        raise ScanFailed(_FAILED) from error
    if done.returncode not in (CLEAN, FOUND):
        log.error("scanner: exit %s: %s", done.returncode, done.stderr[-500:].decode("utf-8", "replace").strip())
        raise ScanFailed(_FAILED)
    return done.returncode == FOUND


_FAILED = said("病毒扫描暂时无法进行，文件没有保存；请稍后再传，仍不成功请联系系统管理员")
