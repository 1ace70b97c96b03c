"""Stage 1, in the child: the number formats of a workbook's cells -> what a person sees in them.

In: the package, and the columns the parser made of a sheet.
Out: by column, the number shown where it is another than the one that is held.
Never: looks at a sheet whose formats cannot matter: no cell's style is read unless a number is in doubt.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.cells import Kinds
from pipeline.read.number_format import NumberFormat, built_in, number_format
from pipeline.read.package import local, part_of, workbook_part, xml
from pipeline.read.scan import attributes_in, pieces
from pipeline.read.scanned import Scan, column_index
from pipeline.read.taken import seen
from schemas.cells import CellKind

Styled = tuple[int, int, int]


def telling_styles(package: zipfile.ZipFile) -> dict[int, NumberFormat]:
    """The cell styles that may show a number as another, and what their format does."""
    part = part_of(package, workbook_part(package), "styles")
    if not part:
        return {}
    codes: dict[str, str] = {}
    numbers: list[str] = []
    for element in xml(package, part):
        if local(element.tag) == "numFmts":
            codes |= {each.get("numFmtId", ""): each.get("formatCode", "") for each in element}
        elif local(element.tag) == "cellXfs":
            numbers = [each.get("numFmtId", "0") for each in element]
    forms = [number_format(codes.get(each) or built_in(int(each))) for each in numbers]
    return {at: form for at, form in enumerate(forms) if not (form.plain or form.date or form.elapsed)}


def shown_otherwise(
    package: zipfile.ZipFile,
    part: str,
    found: Scan,
    texts: Sequence[pa.Array],
    kinds: Mapping[int, Kinds],
    styles: Mapping[int, NumberFormat],
) -> dict[int, pa.Array]:
    """What a person sees in the cells of a sheet that show a number as another; by column."""
    doubtful = {at for at, own in kinds.items() if _in_doubt(texts[at], own, styles)}
    if not doubtful:
        return {}
    forms: dict[int, dict[int, NumberFormat]] = {at: {} for at in doubtful}
    for row, column, style in _styled(package, part, found, styles):
        if column in doubtful and style in styles and row < len(texts[column]):
            forms[column][row] = styles[style]
    shown = {at: seen(texts[at], kinds[at], own) for at, own in forms.items() if own}
    return {at: text for at, text in shown.items() if text is not None}


def _in_doubt(texts: pa.Array, kinds: Kinds, styles: Mapping[int, NumberFormat]) -> bool:
    """Whether any number of a column can be shown as another by any of the styles."""
    if not styles or not (kinds == CellKind.NUMBER).any():
        return False
    if any(form.shift or form.zeros > 1 for form in styles.values()):
        return True
    fewest = min(form.decimals or 0 for form in styles.values())
    point = pc.find_substring(texts, ".")
    decimals = pc.subtract(pc.subtract(pc.binary_length(texts), point), 1)
    numbers = pa.array(kinds == CellKind.NUMBER)
    return bool(
        pc.any(pc.and_(pc.and_(numbers, pc.greater_equal(point, 0)), pc.greater(decimals, fewest))).as_py()
    )


def _styled(package: zipfile.ZipFile, part: str, found: Scan, styles: Iterable[int]) -> Iterable[Styled]:
    """Row, column and style of the cells that have one of the styles."""
    if found.styled is not None:
        return found.styled
    return _searched(package, part, styles)


def _searched(package: zipfile.ZipFile, part: str, styles: Iterable[int]) -> Iterator[Styled]:
    wanted = re.compile(rb'<c\b([^>]*\ss="(?:%s)"[^>]*)>' % b"|".join(b"%d" % each for each in styles))
    with package.open(part) as stream:
        for piece in pieces(stream):
            for each in wanted.findall(piece):
                attributes = attributes_in(each)
                letters = attributes["r"].rstrip("0123456789")
                yield int(attributes["r"][len(letters) :]) - 1, column_index(letters), int(attributes["s"])
