"""Text encodings and delimiters of CSV files that a person may declare, by the name to be typed."""

from __future__ import annotations

ENCODINGS = (
    "utf-8", "utf-16", "utf-32", "windows-1250", "windows-1251", "windows-1252", "windows-1253",
    "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258", "iso-8859-1",
    "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15", "koi8-r", "koi8-u",
    "mac-roman", "cp437", "cp850", "cp852", "cp866", "shift-jis", "euc-jp", "gbk", "gb18030", "big5",
    "euc-kr",
)  # fmt: skip

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
"""The delimiters of a CSV file, by the name to be typed."""
