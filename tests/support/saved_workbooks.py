"""Workbooks saved, by openpyxl or by LibreOffice as another program would, and what lies in them."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest


def save_workbook(book: openpyxl.Workbook, folder: Path, name: str = "mine.xlsx") -> Path:
    book.save(folder / name)
    return folder / name


def read_comments(path: Path) -> dict[str, str]:
    """Every comment, by sheet and cell."""
    pages = openpyxl.load_workbook(path)
    return {
        f"{page.title}!{cell.coordinate}": cell.comment.text
        for page in pages
        for row in page.iter_rows()
        for cell in row
        if cell.comment
    }


def read_parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def save_in_libreoffice(path: Path, form: str, folder: Path) -> Path:
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    home = f"-env:UserInstallation=file://{folder / 'profile'}"
    opened = ["--infilter=HTML (StarCalc)"] if path.suffix == ".html" else []
    command = [
        "soffice",
        home,
        *opened,
        "--headless",
        "--convert-to",
        form,
        "--outdir",
        str(folder / form),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / form / f"{path.stem}.{form}"
