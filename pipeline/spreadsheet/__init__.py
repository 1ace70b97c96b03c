"""What spreadsheet files are: the facts of their formats, for those who read and those who write them.

In: bytes of workbooks, A1 references, serial dates, format codes, Arrow columns of text.
Out: what they mean, or the same in the form that a spreadsheet stores.
Never: knows an invoice, a table of ours or an issue, or imports another room. `read`, `report` and `template`
import it, so each fact of Excel's is stated once.
"""
