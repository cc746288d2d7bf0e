#!/bin/sh
# 离线安装四办：sh install.sh [文件夹]。程序装进本文件夹（或所写的文件夹）下的 venv，此外不写任何地方；不联网。
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
for python in ${SIBAN_PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' 2>/dev/null; then
        exec "$python" -I "$here/install.py" "$@"
    fi
done
cat >&2 <<'WORDS'
本机没有 Python 3.11 或更新的版本，未作任何改动。请先装好 Python，再运行本脚本：
  统信 UOS、麒麟、openEuler、Debian 等：由系统管理员用系统自带的软件仓库（或其离线光盘）安装 python3.11；
  系统仓库里没有的：在同一型号、同一系统的联网机器上取得 Python 3.11 安装包或源码包，核对发布者给出的校验值后带入本机安装。
已装在别处的，写明位置：SIBAN_PYTHON=/opt/python3.11/bin/python3.11 sh install.sh
WORDS
exit 1
