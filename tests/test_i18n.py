"""The reader's language: every text has a translation, and what is said is what was translated."""

from __future__ import annotations

import ast
import gettext
import re
import runpy
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import polib
import pytest
from support.command_line import PRODUCTS, SAMPLE, invoice_import
from support.golden_files import agrees, scrubbed

from pipeline import i18n
from pipeline.errors import PipelineError
from pipeline.flow import check, load_catalog
from pipeline.i18n import (
    ENGLISH,
    LANGUAGES,
    fill_placeholders,
    format_number,
    locate_translations,
    translate,
    translate_count,
    use_language,
)
from pipeline.issues import CATALOGUE
from pipeline.ledger import Withdrawal
from pipeline.process import open_thread_pool
from pipeline.read.files.refusals import Refusal
from pipeline.reference.explain import explain_issue
from pipeline.report.discard_text import render_withdrawal
from pipeline.report.issue_table import make_issue_table
from pipeline.report.terminal import render_report

ROOT = Path(__file__).parent.parent
MESSAGES = ROOT / "docs" / "messages.py"
OTHERS = [code for code in LANGUAGES if code != ENGLISH]


def holes(*texts: str) -> set[str]:
    return {hole for text in texts for hole in re.findall(r"\{\w+\}", text)}


def edges(text: str) -> tuple[str, str]:
    """The blanks around a text: they part it from its neighbours in a sentence."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


@pytest.fixture(scope="module")
def maker() -> dict[str, Any]:
    return runpy.run_path(str(MESSAGES))


@pytest.mark.parametrize("code", OTHERS)
def test_the_catalogue_of_a_language_has_every_text_and_no_other(code: str, maker: dict[str, Any]) -> None:
    there = [
        (message.msgid, message.msgid_plural) for message in polib.pofile(str(locate_translations(code)))
    ]
    assert there == [(text.one, text.many) for text in maker["texts"]()], (
        "docs/messages.py brings it up to date"
    )


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_with_the_same_holes(code: str) -> None:
    texts = polib.pofile(str(locate_translations(code)))
    assert [message.msgid for message in texts.untranslated_entries()] == []
    for message in texts:
        translations = list(message.msgstr_plural.values()) or [message.msgstr]
        assert all(translations), message.msgid
        assert holes(*translations) == holes(message.msgid, message.msgid_plural), message.msgid
        assert {edges(translation) for translation in translations} == {edges(message.msgid)}, message.msgid


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_is_no_copy(code: str) -> None:
    """A sentence that reads the same in both languages was forgotten; single words may be the same."""
    copies = [
        message.msgid
        for message in polib.pofile(str(locate_translations(code)))
        if message.msgstr == message.msgid and len(message.msgid.split()) > 2
    ]
    assert not copies


@pytest.mark.parametrize("code", OTHERS)
def test_every_issue_is_explained(code: str) -> None:
    for kind in CATALOGUE.values():
        english = explain_issue(kind)
        with use_language(code):
            translated = explain_issue(kind)
        assert translated.splitlines()[0] == english.splitlines()[0], "code and slug stay"
        assert not set(translated.splitlines()[1:]) & set(filter(None, english.splitlines()[1:]))


class Missed(gettext.NullTranslations):
    """What is asked for and has no translation."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def gettext(self, message: str) -> str:
        self.texts.append(message)
        return message

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        self.texts.append(singular)
        return super().ngettext(singular, plural, count)


def test_nothing_is_said_that_has_no_translation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample with all its faults: texts that are put together while it runs are found here."""
    missed = Missed()
    texts = i18n._load_translations.__wrapped__("de")
    texts.add_fallback(missed)
    monkeypatch.setattr(i18n, "_load_translations", lambda _: texts)
    load_catalog(PRODUCTS, workspace=tmp_path / "workspace")
    result = check(SAMPLE, workspace=tmp_path / "workspace", language="de", report=tmp_path / "report")
    assessment = result.assessment
    with use_language("de"):
        render_report(result.summary, make_issue_table(assessment.issues, assessment.raw, assessment.tables))
    assert missed.texts == []


@pytest.mark.slow
def test_what_the_terminal_says_in_german(tmp_path: Path) -> None:
    place = tmp_path / "workspace"
    assert invoice_import("catalog", "load", PRODUCTS, workspace=place).code == 0
    ran = invoice_import("check", SAMPLE, "--language", "de", workspace=place)
    assert (ran.code, ran.err) == (4, "")
    assert agrees("sample_de.txt", scrubbed(ran.out, place))


@pytest.mark.slow
def test_why_a_file_is_not_read_in_german(tmp_path: Path) -> None:
    """Refusals of the reader itself, of the child process that parses workbooks, and of the settings."""
    pdf, half, twin = tmp_path / "rechnung.pdf", tmp_path / "halb.xlsx", tmp_path / "kopie.xlsx"
    pdf.write_bytes(b"%PDF-1.7")
    with zipfile.ZipFile(SAMPLE) as whole, zipfile.ZipFile(half, "w") as broken:
        for name in whole.namelist():
            broken.writestr(name, b"<!DOCTYPE x [<!ENTITY y 'z'>]>" if "sheet1" in name else whole.read(name))
    twin.write_bytes(SAMPLE.read_bytes())
    sentences = {
        (pdf,): "rechnung.pdf ist ein PDF und keine Tabelle; bitte als .xlsx oder CSV speichern.",
        (
            half,
        ): "halb.xlsx deklariert XML-Entitäten, die keine Tabelle braucht; bitte in Excel neu speichern.",
        (SAMPLE, twin): f"kopie.xlsx ist Byte für Byte dasselbe wie {SAMPLE.name}; bitte nur einmal angeben.",
        (tmp_path / "fort.csv",): f"Es gibt keine Datei {tmp_path / 'fort.csv'}.",
        (SAMPLE, PRODUCTS): "enthält nichts, was importiert werden kann: ",
        (
            SAMPLE,
            "--decimal",
            "dot",
        ): "Die Einstellung decimal auf der Befehlszeile ist 'dot': nötig ist eines von",
        (SAMPLE, "--expect-count", "x"): "--expect-count ist 'x': nötig ist eine ganze Zahl",
    }
    for given, sentence in sentences.items():
        ran = invoice_import("check", *map(str, given), "--language", "de", workspace=tmp_path / "workspace")
        assert ran.code in (2, 3)
        assert sentence in ran.err


def test_nothing_stops_a_run_with_a_sentence_that_was_not_said() -> None:
    """Every error that a person reads is made of a translated text or a refusal, never of a literal."""
    kinds = {kind.__name__ for kind in [PipelineError, *_kinds(PipelineError)]}
    unsaid = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted(ROOT.glob("pipeline/**/*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds
        if any(isinstance(argument, ast.Constant | ast.JoinedStr) for argument in node.args)
    ]
    assert unsaid == []


def _kinds(parent: type[Exception]) -> list[type[Exception]]:
    subclasses = parent.__subclasses__()
    return [*subclasses, *(descendant for kind in subclasses for descendant in _kinds(kind))]


def test_why_the_workspace_ledger_or_catalog_cannot_be_used_in_german(tmp_path: Path) -> None:
    """As the settings of the workspace say; where these are what is wrong, as the environment says."""
    place = tmp_path / "ordner"
    place.mkdir()
    (place / "settings.toml").write_text('language = "de"\n')
    (place / "ledger.sqlite").write_bytes(b"kein Journal" * 100)
    broken = tmp_path / "datei"
    broken.write_text("x")
    (tmp_path / "kaputt").mkdir()
    (tmp_path / "kaputt" / "settings.toml").write_text("language = ")
    ledger = f"Das Journal {place / 'ledger.sqlite'} ist kein Journal."
    cases = (
        (place, ("ledger", "list"), ledger),
        (place, ("run", SAMPLE), ledger),
        (place, ("catalog", "info"), "Nichts geladen (Katalog): invoice-import catalog load FILE."),
        (place, ("accounts", "info"), "Nichts geladen (Kontenliste): invoice-import accounts load FILE."),
        (place, ("check", SAMPLE, "--target", "fort"), "Es gibt kein Ziel fort; die Ziele sind "),
        (tmp_path / "kaputt", ("ledger", "list"), "Die Einstellungen in "),
    )
    for folder, words, sentence in cases:
        ran = invoice_import(*words, workspace=folder, env={"INVOICE_IMPORT_LANGUAGE": "de"})
        assert ran.code in (2, 3)
        assert ran.err.startswith(f"Fehler: {sentence}")


def test_every_refusal_is_a_sentence_in_german() -> None:
    with use_language("de"):
        for refusal in Refusal:
            facts = {hole[1:-1]: f"<{hole[1:-1]}>" for hole in holes(refusal.template) - {"{name}"}}
            sentence = str(refusal("Datei.xlsx", **facts))
            assert "Datei.xlsx" in sentence
            assert sentence.endswith(".")
            assert not holes(sentence)
            assert all(fact in sentence for fact in facts.values())
            assert sentence != fill_placeholders(refusal.template, {"name": "Datei.xlsx", **facts})


def test_the_environment_sets_the_language_and_a_flag_goes_over_it() -> None:
    german = invoice_import("explain", "E401", env={"INVOICE_IMPORT_LANGUAGE": "de"})
    assert "Eine Katalog-SKU ist unbekannt" in german.out
    assert german == invoice_import("explain", "E401", "--language", "de")
    english = invoice_import("explain", "E401", "--language", "en", env={"INVOICE_IMPORT_LANGUAGE": "de"})
    assert "A catalog SKU is unknown" in english.out


def test_a_language_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    ran = invoice_import("check", SAMPLE, "--language", "tlh", workspace=tmp_path)
    assert ran.code == 2
    assert "en" in ran.err
    assert "de" in ran.err


def test_numbers_are_written_as_the_language_has_them() -> None:
    with use_language("de"):
        assert format_number(1234567) == "1.234.567"
        assert translate_count(1, "{count} row", "{count} rows") == "1 Zeile"
        assert translate_count(2000, "{count} row", "{count} rows") == "2.000 Zeilen"
    assert format_number(1234567) == "1,234,567"


def test_threads_speak_the_language_of_who_started_them() -> None:
    with use_language("de"), open_thread_pool(1) as pool:
        assert pool.submit(translate, "no name").result() == "ohne Namen"


def test_what_fills_a_hole_is_never_a_hole_itself() -> None:
    assert fill_placeholders("{a} and {b}", {"a": "{b}", "b": "2"}) == "{b} and 2"
    assert translate("") == ""


def test_every_issue_says_how_it_comes_about() -> None:
    for code, kind in CATALOGUE.items():
        assert kind.cause.endswith("."), code
        assert not holes(kind.cause), code
        assert kind.cause in explain_issue(kind)


def test_a_withdrawal_in_german() -> None:
    withdrawal = Withdrawal(invoices=1, items=2, money={"EUR": Decimal("1234.5"), "JPY": Decimal(20)})
    assert render_withdrawal(withdrawal) == "Withdrawn: 1 invoice with 2 items (1234.50 EUR, 20 JPY).\n"
    with use_language("de"):
        sentence = render_withdrawal(withdrawal)
    assert sentence == "Zurückgezogen: 1 Rechnung mit 2 Positionen (1234,50 EUR, 20 JPY).\n"


def test_no_sentence_is_put_together_of_translated_and_untranslated_words() -> None:
    """An f-string with words of its own around a translated part reads half English in any other language."""
    translators = {"translate", "translate_count", "format_count"}
    mixed = []
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            calls = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
            parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            words = [
                word for part in parts for word in re.findall("[A-Za-z]{2,}", re.sub("<[^>]*>", "", part))
            ]
            if words and any(isinstance(call, ast.Name) and call.id in translators for call in calls):
                mixed.append(f"{path.relative_to(ROOT)}:{node.lineno} {' '.join(words)}")
    assert not mixed


_FOR_MACHINES = {
    "not prepared": "a state in ledger.csv",
    "the file as a whole is rejected; correct it there": "a reason in summary.json",
    "it has {} rows; marked copies are made up to {} (setting marked_rows)": "a reason in summary.json",
    "a sheet without an end": "for the log of a fault of the program",
}
"""Words in the rooms of reports that no language changes."""


def _join_literal(node: ast.expr) -> str:
    """The words of a literal; of an f-string, those around what it is filled with."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_what_reports_say_is_translated_or_for_machines() -> None:
    """Every literal of two words is a docstring, markup, an argument of a translator, or a text it knows."""
    translators = {"translate", "translate_count", "format_count"}
    known = {message.msgid for message in polib.pofile(str(locate_translations("de")))} | set(_FOR_MACHINES)
    unknown = []
    for path in sorted((ROOT / "pipeline" / "report").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        exempt: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                exempt.add(id(node.value))
            elif (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in translators
            ):
                exempt |= {id(part) for argument in node.args for part in ast.walk(argument)}
            elif isinstance(node, ast.JoinedStr):
                exempt |= {id(part) for part in node.values}
        for node in ast.walk(tree):
            text = _join_literal(node) if isinstance(node, ast.expr) and id(node) not in exempt else ""
            is_markup = "<" in text or '="' in text
            if re.search(r"[^\W\d_]{2,}\W* [^\W\d_]{2,}", text) and not is_markup and text not in known:
                unknown.append(f"{path.relative_to(ROOT)}:{node.lineno} {text}")
    assert unknown == []


@pytest.mark.slow
def test_the_ledger_and_the_catalog_speak_german(tmp_path: Path) -> None:
    german, place = {"INVOICE_IMPORT_LANGUAGE": "de"}, tmp_path / "workspace"
    loaded = invoice_import("catalog", "load", PRODUCTS, workspace=place, env=german).out
    assert re.fullmatch(
        r"Geladen: 6 Charges, 5 Produkte, 7 Preise; in Gebrauch ist nun: Katalog \w{12}\.\n", loaded
    )
    assert (
        invoice_import("ledger", "list", workspace=place, env=german).out == "Das Journal hat keine Läufe.\n"
    )
    assert invoice_import("run", SAMPLE, workspace=place).code == 4
    header, run = invoice_import("ledger", "list", workspace=place, env=german).out.splitlines()
    assert header.split() == ["Lauf", "Ziel", "Umgebung", "Ergebnis", "Rechnungen", "jetzt"]
    assert run.endswith("4 vorbereitet, 11 zurückgewiesen")
    shown = invoice_import("ledger", "show", run.split()[0], workspace=place, env=german).out
    assert shown.startswith(f"Lauf {run.split()[0]}, begonnen ")
    assert "\nZiel zuora, Umgebung default\nRechnungen jetzt: " in shown
    assert "\nAnfrage 1: 4 Rechnungen, " in shown
