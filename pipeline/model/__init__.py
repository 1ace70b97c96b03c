"""The records that travel between the stages; one type per stage, so that a skipped one does not type-check.

    RawSheets -> ValidSheets -> EnrichedSheets -> Invoices -> Batches -> Request

Frames are pandas with Arrow-backed columns (`pd.ArrowDtype`). A row of a frame is known by its position
(0, 1, 2, ...); `RawTable.sheets`, `sheet_indices` and `row_numbers` say where it was read.
"""
