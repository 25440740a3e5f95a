#!/bin/sh
# jiqun on a machine with nothing but Python (3.11 or later), pip and a shell.
#   sh run.sh run    set up, create the database and the demo bureau, serve; PORT and JIQUN_DATA are honoured
#   sh run.sh test   set up with the test tools, run the whole suite; further words go to pytest
#   sh run.sh build  make the pages' scripts and styles, which both do too where frontend/ has changed
#   sh run.sh lock   write the lock files anew from pyproject.toml and frontend/package.json (needs uv and npm)
set -eu
cd "$(dirname "$0")"

recent='import sys; sys.exit(sys.version_info < (3, 11))'
recent_node='process.exitCode = process.versions.node.split(".")[0] < 20 ? 1 : 0'

say() { printf '%s\n' "$*" >&2; }

fail() { say "$*"; exit 2; }

find_python() {
    # Asking for the version also passes over names that exist and do not work, as pyenv's shims do.
    for python in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if "$python" -c "$recent" >/dev/null 2>&1; then return; fi
    done
    fail "需要 Python 3.11 或更高版本；可用 PYTHON=/路径/python3 指定。 Python 3.11 or later is needed; PYTHON=/path/to/python3 names one."
}

make_environment() {
    # The scripts in it hold the folder's path: an environment that was moved is made anew.
    if [ "$(cat .venv/place 2>/dev/null)" = "$PWD" ] && .venv/bin/python -c "$recent" 2>/dev/null; then return; fi
    find_python
    say "正在创建运行环境 .venv（$("$python" --version)）…"
    # Debian keeps the pip of new environments in a package of its own; the pip outside can serve instead.
    "$python" -m venv --clear .venv >/dev/null 2>&1 || "$python" -m venv --clear --without-pip .venv
    printf '%s\n' "$PWD" >.venv/place
}

pip_install() {
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        set -- .venv/bin/python -m pip install "$@"
    else
        find_python
        set -- "$python" -m pip --python .venv/bin/python install "$@"
    fi
    "$@" --quiet --no-input --disable-pip-version-check || fail "依赖安装失败，见上方 pip 的说明；修正后重试。 Installing the dependencies failed; pip says why above."
}

prepare() { # the lock file
    make_environment
    stamp=".venv/installed-$1"
    wanted=$(cat "$1" pyproject.toml run.sh | cksum)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
    say "正在安装依赖（首次约一分钟）…"
    pip_install --require-hashes --only-binary :all: --requirement "$1"
    pip_install --no-index --no-deps --no-build-isolation --editable .
    printf '%s\n' "$wanted" >"$stamp"
}

has_node() { node -e "$recent_node" >/dev/null 2>&1 && npm --version >/dev/null 2>&1; }

find_node() {
    if has_node; then return; fi
    if ! PATH="$PWD/.venv/bin:$PATH" has_node; then
        make_environment
        say "本机没有 Node.js 20 或更高版本，正在安装到 .venv（约 60 MB）… No Node.js 20 or later here: installing one into .venv…"
        pip_install --require-hashes --only-binary :all: --requirement requirements-node.lock
    fi
    PATH="$PWD/.venv/bin:$PATH"
    export PATH
}

npm_install() {
    stamp=node_modules/.installed
    wanted=$(uname -sm | cat - package.json package-lock.json .npmrc | cksum)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
    npm ci --loglevel=error >&2 ||
        fail "前端依赖安装失败，见上方 npm 的说明；修正后重试。 Installing the front end's dependencies failed; npm says why above."
    printf '%s\n' "$wanted" >"$stamp"
}

build() {
    built=frontend/node_modules/.built
    sources=$(find frontend -name node_modules -prune -o -type f -exec cksum {} + | LC_ALL=C sort | cksum)
    if [ "$(cat "$built" 2>/dev/null)" = "$sources" ] && [ -f web/static/manifest.json ]; then return; fi
    say "正在构建页面的样式和脚本（首次约半分钟）… Building the pages' styles and scripts…"
    (
        find_node
        cd frontend
        npm_install
        node build.mjs || fail "页面的样式和脚本构建失败，见上方说明。 Building the pages' styles and scripts failed; see above."
    )
    printf '%s\n' "$sources" >"$built"
}

lock() { # the lock file, further options
    file=$1
    shift
    uv pip compile "$@" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --upgrade --quiet --custom-compile-command "sh run.sh lock" --output-file "$file"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
run)
    prepare requirements.lock
    build
    .venv/bin/jiqun db upgrade
    .venv/bin/jiqun demo load
    exec .venv/bin/jiqun serve "$@"
    ;;
test)
    prepare requirements-dev.lock
    build
    exec .venv/bin/python -m pytest -n logical --dist worksteal "$@"
    ;;
build)
    build
    ;;
lock)
    command -v uv >/dev/null || fail "需要 uv：pip install uv"
    command -v npm >/dev/null || fail "需要 npm，版本 10 或更高"
    lock requirements.lock pyproject.toml --group build
    lock requirements-dev.lock pyproject.toml --group build --extra dev --constraint requirements.lock
    lock requirements-node.lock --group node
    rm -f frontend/package-lock.json
    (cd frontend && npm install --package-lock-only && node unaddressed.mjs)
    ;;
*)
    fail "用法 usage: sh run.sh run|test|build|lock"
    ;;
esac
