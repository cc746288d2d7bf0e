@echo off
rem 离线安装四办：install.cmd [文件夹]。程序装进本文件夹（或所写的文件夹）下的 venv，此外不写任何地方；不联网。
chcp 936 >nul
setlocal
for %%v in (3.14 3.13 3.12 3.11) do (
    py -%%v -c "" >nul 2>nul && (
        py -%%v -I "%~dp0install.py" %*
        goto :end
    )
)
python -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul && (
    python -I "%~dp0install.py" %*
    goto :end
)
echo 本机没有 Python 3.11 或更新的版本，未作任何改动。请先装好 Python，再运行本脚本：
echo   在联网的机器上取得 Python 官方的 Windows 64 位安装程序（3.11 或更新），核对发布者给出的校验值后带入本机安装；
echo   安装时选“Install launcher for all users”，不必改动其他选项。
exit /b 1
:end
exit /b %errorlevel%
