"""`report.html` says what happened, adds up, runs nothing that a cell holds, and is accessible."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest
from support.command_line import PRODUCTS, SAMPLE
from support.desk import Desk
from support.golden_files import agrees

from pipeline import check
from pipeline.flow import load_catalog
from pipeline.i18n import use_language
from pipeline.report import html as room
from pipeline.report import invoice_table
from pipeline.report.billing_summary import GroupTotal, Ranking, summarise_billing
from pipeline.report.html import charts, render_html
from pipeline.report.issue_table import make_issue_table
from pipeline.result import Result

PAGE = Path(str(room.__file__)).parent
SAYING = ("translate", "translate_count", "format_count")
HOSTILE = (
    "<script>document.title='PWNED'</script>",
    "</style><script>document.title='PWNED'</script>",
    "</title><script>document.title='PWNED'</script>",
    "<img src=x onerror=document.title='PWNED'>",
    "<svg onload=document.title='PWNED'>",
    '"><iframe srcdoc="<script>top.document.title=\'PWNED\'</script>">',
    "' onmouseover='document.title=1' x='",
    "javascript:document.title='PWNED'",
    "<a href=https://example.org>click</a>",
    "{{ 7 * 7 }}{% raw %}",
    "--><meta http-equiv=refresh content=0;url=//example.org>",
    "\u202egpj.exe\u202c",
)


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.silent += tag in ("style", "svg", "title")
        if tag in ("h1", "h2", "h3", "p", "table", "tr", "li", "div", "caption", "figcaption"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("style", "svg", "title")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data.replace("\n", " ") + " ")

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self.words).splitlines())
        return "\n".join(line for line in lines if line) + "\n"


def html_of(result: Result, marked: dict[tuple[str, str], tuple[str, str]] | None = None) -> str:
    table = invoice_table.make_invoice_table(result.assessment)
    issues = make_issue_table(result.assessment.issues, result.assessment.raw, result.assessment.tables)
    return render_html(result.assessment, table, issues, result.summary, marked).decode()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Result:
    place = tmp_path_factory.mktemp("page") / "workspace"
    load_catalog(PRODUCTS, workspace=place)
    return check(SAMPLE, workspace=place)


def hostile(desk: Desk) -> Result:
    """Every payload as reference, account, number, product and description, some of them at fault."""
    refs = [f"R{place} {text}" for place, text in enumerate(HOSTILE)]
    invoices = [desk.invoice(ref, account_number=ref, comments=ref) for ref in refs]
    items = [
        desk.item(ref, charge_name=ref, description=ref, amount=f"{10 + n}") for n, ref in enumerate(refs)
    ]
    items += [desk.item(ref, amount=ref, service_start_date=ref) for ref in refs[1::2]]
    return desk.check(
        [*invoices, desk.invoice("late", invoice_date="2027-02-01")], [*items, desk.item("late")]
    )


def test_what_the_sample_says(sample: Result) -> None:
    text = re.sub(r"(?<=Settings: )[0-9a-f]{12}", "SETTINGS", Page(html_of(sample)).text)
    assert agrees("sample/report.txt", text)


def test_what_the_sample_says_in_german(tmp_path: Path) -> None:
    load_catalog(PRODUCTS, workspace=tmp_path / "workspace")
    check(SAMPLE, workspace=tmp_path / "workspace", language="de", report=tmp_path)
    html = (tmp_path / "report.html").read_text("utf-8")
    assert Page(html).all("html") == [{"lang": "de"}]
    assert "<title>Teilweise: invoices.xlsx</title>" in html
    text = re.sub(r"(?<=Einstellungen: )[0-9a-f]{12}", "SETTINGS", Page(html).text)
    assert agrees("sample/report_de.txt", text)


def test_no_word_of_the_template_stands_outside_of_a_call_that_says_it() -> None:
    template = jinja2.Environment(autoescape=True).parse((PAGE / "page.html").read_text("utf-8"))
    page = Page("".join(node.data for node in template.find_all(jinja2.nodes.TemplateData)))
    assert set(page.text.split()) & set(re.findall(r"\S*[^\W\d_]\S*", page.text)) == {"SHA-256"}
    assert {str(nav["aria-label"]) for nav in page.all("nav")} == {""}
    calls = [
        call for call in template.find_all(jinja2.nodes.Call) if getattr(call.node, "name", "") in SAYING
    ]
    assert len(calls) > 60
    for call in calls:  # docs/messages.py finds literals alone; words of the summary are listed there
        assert isinstance(call.args[-1], jinja2.nodes.Const | jinja2.nodes.Name | jinja2.nodes.Filter)


def test_figures_stand_as_the_language_writes_them_and_facts_are_no_markup(desk: Desk) -> None:
    ref = "<b>{count} & 'more'</b>"
    result = desk.check(
        [desk.invoice(ref, account_number=ref), desk.invoice("late", currency="EURO")],
        [desk.item(ref, amount="1234567.50"), desk.item("late")],
    )
    with use_language("de"):
        html = html_of(result)
    assert "1.234.567,50" in html
    assert not Page(html).all("b")
    assert "<b>{count} & 'more'</b>" in Page(html).text


def test_control_totals_that_differ_are_no_fault_of_the_program(desk: Desk, tmp_path: Path) -> None:
    files = desk.pair([desk.invoice()], [desk.item()])
    result = check(*files, workspace=desk.workspace, expect_count=["7"], report=tmp_path)
    text = Page((tmp_path / "report.html").read_text("utf-8")).text
    assert result.exit_code == 7
    assert "what was read is not what its preparer expected" in text
    assert "Control totals: 0 of 1 agrees." in text
    assert "fault of the program" not in text


def test_the_same_run_gives_the_same_page(sample: Result) -> None:
    assert html_of(sample) == html_of(sample)


def test_the_page_holds_everything_it_shows(sample: Result) -> None:
    html = html_of(sample)
    page = Page(html)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert {"http-equiv": "Content-Security-Policy", "content": policy} in page.all("meta")
    assert not page.all("script", "iframe", "object", "embed", "form", "base", "img")
    assert page.all("link") == [{"rel": "icon", "href": "data:,"}]
    assert not re.findall(r"url\(|@import", html)
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == {"http://www.w3.org/2000/svg"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_a_screen_reader_finds_its_way(sample: Result) -> None:
    page = Page(html_of(sample))
    assert page.all("html") == [{"lang": "en"}]
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(page.all(landmark)) == 1, landmark
    assert len(page.all("table")) == len(page.all("caption")) > 5
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))
    assert all(figure["role"] == "img" and figure["aria-label"] for figure in page.all("figure"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [str(anchor["href"]) for anchor in page.all("a")]
    named = [str(section["aria-labelledby"]) for section in page.all("section")]
    assert {link[1:] for link in links if link.startswith("#")} | set(named) <= set(ids)


def test_every_ranking_adds_up_to_what_is_accepted(desk: Desk) -> None:
    refs = [f"R{n}" for n in range(60)]
    invoices = [
        desk.invoice(
            ref, account_number=f"A{n % 25}", currency="JPY" if n % 3 else "EUR",
            invoice_date=f"20{20 + n % 12}-{1 + n % 12:02d}-15",
        )
        for n, ref in enumerate(refs)
    ]  # fmt: skip
    items = [desk.item(ref, charge_name=f"P{n % 31}", amount=str(100 + n)) for n, ref in enumerate(refs)]
    result = desk.check([*invoices, desk.invoice("bad", currency="EURO")], [*items, desk.item("bad")])
    billed = list(summarise_billing(result.assessment, invoice_table.make_invoice_table(result.assessment)))
    assert [billing.currency for billing in billed] == ["JPY", "EUR"]
    for billing in billed:
        total = Decimal(result.summary["money"][billing.currency]["accepted"])
        for ranking in (billing.accounts, billing.months, billing.products):
            rest = ranking.remainder.amount if ranking.remainder else Decimal(0)
            assert sum((row.amount for row in ranking.rows), rest) == ranking.total.amount == total
            assert (ranking.omitted == 0) == (ranking.remainder is None)
        assert billing.accounts.omitted > 0
        assert billing.accounts.rows[0].amount == max(row.amount for row in billing.accounts.rows)
        amounts = [Decimal(invoice["amount"]) for invoice in billing.largest]
        assert amounts == sorted(amounts, reverse=True)
        assert len(amounts) == 10


def test_many_causes_and_requests_are_counted_not_listed(desk: Desk) -> None:
    refs = [f"R{n}" for n in range(1100)]
    page = Page(html_of(desk.check(map(desk.invoice, refs), map(desk.item, refs))))
    assert "The requests, the first 20" in page.text
    assert "and 2 more requests" in page.text
    faulty = desk.check([desk.invoice()], [desk.item(amount="x") for _ in range(40)])
    assert "and 35 more, all of them in issues.csv" in Page(html_of(faulty)).text


def test_a_cell_is_linked_where_the_marked_workbook_is(desk: Desk) -> None:
    result = desk.check_book([desk.invoice(currency="EURO")], [desk.item()])
    name = result.assessment.raw.sources[0].name
    places = {(name, "Invoices"): ("my book.marked.xlsx", "Invoices")}
    links = [str(anchor["href"]) for anchor in Page(html_of(result, places)).all("a")]
    assert "my%20book.marked.xlsx#'Invoices'!D2" in links
    assert not [
        anchor for anchor in Page(html_of(result)).all("a") if not str(anchor["href"]).startswith("#")
    ]


def test_the_cells_of_csv_files_are_linked_in_the_workbook_made_of_them(desk: Desk, tmp_path: Path) -> None:
    files = desk.pair([desk.invoice(currency="EURO")], [desk.item(amount="x")])
    check(*files, workspace=desk.workspace, report=tmp_path)
    (copy,) = tmp_path.glob("*.marked.xlsx")
    links = [str(anchor["href"]) for anchor in Page((tmp_path / "report.html").read_text("utf-8")).all("a")]
    outside = {link for link in links if not link.startswith("#")}
    assert outside == {f"{copy.name}#'Items'!C2", f"{copy.name}#'Invoices'!D2"}


def test_hostile_text_stands_there_as_text(desk: Desk) -> None:
    html = html_of(hostile(desk))
    page = Page(html)
    assert not page.all("script", "iframe", "img", "object")
    assert all("onload" not in attributes for _, attributes in page.elements)
    for text in HOSTILE[:-1]:
        assert text in "".join(page.words)
    assert "\u202e" not in html


def browse(html: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """The page in a real browser, which is told to tell of itself; skips where there is none."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed: the page is not tried in a browser")
    quiet = ("background-networking", "component-update", "sync", "gpu", "default-apps", "extensions")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--no-first-run",
        *(f"--disable-{feature}" for feature in quiet),
    ]
    command += [f"--user-data-dir={html.parent / 'profile'}", "--enable-logging=stderr", "--v=0"]
    command += ["--disable-features=NetworkTimeServiceQuerying", *flags]
    home = {**os.environ, "HOME": str(html.parent), "XDG_CONFIG_HOME": str(html.parent)}
    done = subprocess.run(
        [*command, html.as_uri()], capture_output=True, text=True, timeout=120, env=home, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def asked_for(net_log: Path) -> set[str]:
    """Every address the browser asked for on behalf of the page."""
    events: list[dict[str, Any]] = json.loads(net_log.read_text("utf-8"))["events"]
    urls = {str(event.get("params", {}).get("url", "")) for event in events}
    of_browser = re.compile(r"https?://[a-z0-9.]+\.google(apis)?\.com/")  # the browser on its own behalf
    return {url for url in urls if re.match("(https?|wss?):", url) and not of_browser.match(url)}


@pytest.mark.slow
@pytest.mark.parametrize("policy", [True, False], ids=["as written", "without its policy"])
def test_a_browser_runs_nothing_and_asks_nobody(desk: Desk, tmp_path: Path, policy: bool) -> None:
    html, path, log = html_of(hostile(desk)), tmp_path / "report.html", tmp_path / "net.json"
    if not policy:  # the escaping holds by itself
        html, cut = re.subn(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", html)
        assert cut == 1
    path.write_text(html, "utf-8")
    shown = browse(path, "--dump-dom", "--virtual-time-budget=3000", f"--log-net-log={log}")
    assert "CONSOLE" not in shown.stderr
    dom = Page(shown.stdout)
    title = re.search(r"<title>(.*?)</title>", shown.stdout, re.DOTALL)
    assert title is not None
    assert "PWNED" not in title[1]
    assert not dom.all("script", "iframe", "img")
    assert len(dom.all("svg")) == 2
    assert not asked_for(log)


def test_the_browser_would_tell_of_a_request_or_an_error(tmp_path: Path) -> None:
    path, log = tmp_path / "report.html", tmp_path / "net.json"
    path.write_text(
        "<img src=https://example.org/x><script>document.title='PWNED';nobody()</script>", "utf-8"
    )
    shown = browse(path, "--dump-dom", f"--log-net-log={log}")
    assert "CONSOLE" in shown.stderr
    assert "<title>PWNED</title>" in shown.stdout
    assert asked_for(log) == {"https://example.org/x"}


def test_it_is_printed_on_paper(sample: Result, tmp_path: Path) -> None:
    path, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    path.write_text(html_of(sample), "utf-8")
    browse(path, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    content = paper.read_bytes()
    assert content.startswith(b"%PDF")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", content)) < 8


def test_a_page_is_made_of_nothing_at_all(desk: Desk) -> None:
    empty = Page(html_of(desk.check([desk.invoice()], [{"invoice_ref": ""}])))
    assert "Every invoice is rejected." in empty.text
    assert "Invoices 0 with 0 items" in empty.text


def test_an_import_leaves_the_import_system_as_it_is() -> None:
    code = (
        "import sys; before = list(sys.meta_path); "
        "import pipeline.report.html; assert sys.meta_path == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_charts_are_left_out_where_there_is_nothing_to_compare() -> None:
    money = {"accepted": "0", "rejected": "0", "skipped": "0"}
    assert charts.draw_outcome_chart({"EUR": money}) is None
    assert charts.draw_outcome_chart({"EUR": money | {"accepted": "-1"}}) is None
    total = GroupTotal("2026-01", 1, Decimal(5))
    assert charts.draw_month_chart(Ranking([total], 0, None, total), "EUR") is None


@pytest.mark.parametrize("amounts", [[0, 0], [1, 2], [-200, -10], [-5, 7], [123456789, 1]])
def test_bars_of_months_start_at_zero_and_end_at_their_amount(amounts: list[int]) -> None:
    rows = [GroupTotal(f"2026-{month:02d}", 1, Decimal(amount)) for month, amount in enumerate(amounts, 1)]
    chart = charts.draw_month_chart(Ranking(rows, 0, None, rows[0]), "EUR")
    assert chart is not None
    labels = [int(tick.label.replace(",", "")) for tick in chart.y_ticks]
    assert labels == sorted(set(labels))
    assert len(labels) <= 20
    zero = chart.y_ticks[labels.index(0)].position
    highest = max(map(abs, amounts)) or 1
    for bar, amount in zip(chart.bars, amounts, strict=True):
        assert 0 <= bar.y <= bar.y + bar.height <= chart.plot_height
        end = bar.y if amount >= 0 else bar.y + bar.height
        longest = max(drawn.height for drawn in chart.bars)
        assert zero - end == pytest.approx(longest * amount / highest, abs=1e-6)


def test_shares_of_a_bar_fill_it() -> None:
    money = {"EUR": {"accepted": "50", "rejected": "0", "skipped": "150"}}
    chart = charts.draw_outcome_chart(money)
    assert chart is not None
    first, second = chart.bars
    assert (first.series, second.series) == (0, 2)
    assert second.width == pytest.approx(3 * first.width)
    assert first.x + first.width == pytest.approx(second.x)
    assert [first.x, second.x + second.width] == pytest.approx([tick.position for tick in chart.x_ticks[::4]])
