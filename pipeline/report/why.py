"""How each issue comes about, most often, in a sentence with an example: for `explain` and the page of all issues.

What is wrong and what to do stand in the catalogue; this is what happened before, as whoever filled the sheet may
remember it.
"""

from __future__ import annotations

WHY = {
    "E101": (
        "The file has one sheet only, or the headers of the other are not recognised, for example "
        "because the first rows are a letterhead."
    ),
    "E102": (
        "A template was handed in unfilled, or an export found nothing: only the row EXAMPLE stands in it."
    ),
    "E103": 'A column was deleted or renamed: without "Invoice date", for example, no invoice has a date.',
    "E104": 'A header is misspelt, like "Ammount", or a column was added for the preparer\'s own use.',
    "E105": (
        'Two headers mean the same field, like "Amount" and "Item amount": which of the two counts '
        "cannot be told."
    ),
    "E106": (
        "In a CSV file a comma within a value, like Miller, Inc., ends the cell unless the value stands "
        "in quotes."
    ),
    "E107": (
        'A copy of the sheet is in the workbook, like "Items (2)", or several files of one kind were '
        "handed in."
    ),
    "E110": (
        "In a flat sheet the invoice's columns repeat on each of its rows; one row says 30 November, "
        "say, and the next 1 December."
    ),
    "E111": (
        "A flat sheet marks with TRUE where an invoice and an item start; a row with neither belongs to "
        "nothing."
    ),
    "E112": (
        "A filter was left on, or rows were folded away: they would be billed without anybody having "
        "seen them."
    ),
    "E113": (
        "Last month's discounts were hidden instead of deleted, or the sheet was tidied away before the file was "
        "handed in; nobody who looks at it can tell."
    ),
    "W105": (
        "The sheet was hidden to keep the workbook tidy, and the setting hidden_sheets takes it like any other."
    ),
    "W102": (
        "A filter was left on, or rows were folded away, and the setting hidden_rows takes them as they are."
    ),
    "W103": "A column was hidden to make the sheet easier to read; what stands in it counts all the same.",
    "W104": (
        "A row was added below the sum, or the sum was typed: it says 900.00, say, where the rows make "
        "950.00."
    ),
    "W101": (
        "A workbook holds a pivot, a copy or a hidden sheet with the same headers; one sheet alone feeds "
        "each table."
    ),
    "E352": (
        "The sheet was made for another billing system, which takes a tax code, say; here the invoice "
        "would come without it."
    ),
    "W412": "The sheet was made for another billing system, which takes this column; here it has no place.",
    "E201": "A cell that every row needs was left blank, or holds nothing but blanks.",
    "E202": (
        "1.234 is one thousand two hundred and thirty-four to some and one and a bit to others; nothing "
        "is guessed."
    ),
    "E203": (
        "A quotient was pasted as it came, like 33.3333333333333, or a number has more digits than can "
        "be kept."
    ),
    "E204": (
        "A cell shows 9.99 but holds 9.994, because a formula computed it: the invoice would say one "
        "thing and the books another."
    ),
    "E205": (
        '03/04/2026 is 3 April in Europe and March 4 in America; or the cell holds words, like "end of '
        'month".'
    ),
    "E207": "A year was mistyped, like 2206 for 2026, or a number was taken for a date.",
    "E208": (
        "A description was pasted that is longer than the billing system stores; it would cut it off or "
        "refuse it."
    ),
    "E209": 'The word is another than the billing system\'s, like "Final" for "Posted".',
    "E210": 'The cell says something between, like "maybe" or "x".',
    "E211": "An identifier was cut off or mixed up, like a UUID without its last block.",
    "E212": (
        "Text pasted from a web page or a PDF brings characters along that cannot be seen, like a "
        "zero-width space."
    ),
    "E213": "The billing system stores three bytes a character; an emoji needs four.",
    "E214": "A formula failed: a look-up that found nothing shows #N/A, a division by zero #DIV/0!.",
    "E215": (
        "A program wrote the formula and nothing has computed it since, or Excel calculates only "
        "when asked and was not."
    ),
    "E216": "A spreadsheet took what was typed for something else: 3-4 became a date, a date became a text.",
    "E217": "A spreadsheet keeps 15 digits of a number: 12345678901234567 became 12345678901234500.",
    "E218": "A number format rounds for the eye: the cell shows 10.00 and holds 9.996.",
    "E219": "A number format puts zeros in front: the cell shows 00123 and holds 123.",
    "E220": 'A name or sign stands for the code, like "EURO" or "US$", or the currency is no longer in use.',
    "E221": "The cell shows $ while the invoice says EUR: one of the two is not what was meant.",
    "E222": (
        "One cell was stretched over several rows, to look like a heading; only the first of them holds "
        "the value."
    ),
    "E301": "Both columns of the account are blank, so nobody would be billed.",
    "E302": (
        "The amount is blank and so is the quantity or the unit price: there is nothing to compute it from."
    ),
    "E303": "All three columns that could name the product are blank.",
    "E304": "The quantity was changed and the amount was not: 3 at 1,200.00 are 3,600.00, not 3,900.00.",
    "E305": "The month or year of one date was mistyped, or the two columns were swapped.",
    "E306": "The month or year of one date was mistyped, or the two columns were swapped.",
    "E307": (
        "A row was copied and its reference stayed, so that it cannot be told which items belong to "
        "which invoice."
    ),
    "E308": (
        "The reference was mistyped on one side, like 2026-1099 for 2026-1009, or the invoice's row was "
        "deleted."
    ),
    "E309": "The items were forgotten, or they bear another reference.",
    "E310": (
        "A whole year or a whole company was put on one invoice; the billing system takes only so many items."
    ),
    "E311": "Credits are larger than what is billed, like 450.00 against 900.00 taken back.",
    "E312": "A credit or a correction was put among the items with a minus.",
    "E313": "A row was copied and its number stayed.",
    "E314": "The cell is blank, and neither the account list nor a setting says which currency is meant.",
    "E315": "The same contact is asked for twice: with an id, and as the same as the bill-to contact.",
    "E316": "A row was copied and its invoice number stayed; the billing system takes each number once.",
    "E317": (
        'The setting invoice_number makes the reference the number, and "March, Miller" has a comma and '
        "a blank."
    ),
    "E340": "A workbook made for one target, with discounts or taxes, was handed in for another.",
    "E351": "A price was typed in cents that is taken for whole units, or the amount is a mistake.",
    "E320": "The row names item 2, and the sheet Items numbers none so: perhaps its number is blank there.",
    "E321": "The tax names discount 2, and the sheet Discounts has none with that number for the item.",
    "E322": "The reference was mistyped on one side, or the invoice's row was deleted.",
    "E323": "The billing system takes only so many: 5 taxes for an item, for example.",
    "E324": "A row was copied and its number, currency or role stayed.",
    "E325": (
        "Taxes were computed elsewhere and typed into the sheet Taxes, and the item asks the billing "
        "system to compute them too."
    ),
    "E326": "The discount was typed as 90.00: that would add to the invoice what was to be taken off.",
    "E327": "Both columns that could name the discount are blank.",
    "E328": "A new contact was typed into the sheet Contacts, and the invoice already has one by its id.",
    "E330": (
        "A change or deletion can be made only to an item that is known by its id in the billing system."
    ),
    "E331": "A row was copied from an item that exists, and its id stayed.",
    "E332": "The row says delete and gives a new amount as well: one of the two is not meant.",
    "E333": "Two people changed the same item, or a row was copied and its id stayed.",
    "E334": "Only the id is filled, so that nothing would be sent but the id.",
    "E335": (
        "The product of an item is chosen when it is added; the billing system does not change it afterwards."
    ),
    "E336": "The billing system takes the invoice date or the due date in one change, never both.",
    "E337": "An item that is changed keeps what is left blank; one that is added has nothing to keep.",
    "E338": "The same draft stands in two rows, once with a new date and once with a new status, say.",
    "E339": (
        "The billing system does not compute the amount anew: 2 at 450.00 would go on to cost what 1 did."
    ),
    "W320": (
        "A discount with a charge id takes name and SKU from the charge; what the sheet says is passed over."
    ),
    "E361": (
        "The billing system knows more than the sheet: a closed period, say, or an account that was "
        "cancelled."
    ),
    "E362": "A token has expired, the user lacks a permission, or the address is that of another tenant.",
    "E363": "Too many requests came at once, or the billing system was being maintained.",
    "E364": "The connection broke after the request was sent and before the answer came.",
    "W301": '"The same as the bill-to contact" needs a bill-to contact to be the same as.',
    "W304": (
        "The quantity was changed and the amount was not, and the setting amount_mismatch lets that pass."
    ),
    "W201": "The value was copied from an export that fills its columns up with blanks.",
    "E401": (
        "The SKU was mistyped, like SUP-10O with the letter O for a zero, or the product is newer than "
        "the catalog."
    ),
    "E402": "The id was cut off when it was copied, or the charge is newer than the catalog.",
    "E403": "Last year's price was used for this year's service, or the other way round.",
    "E404": (
        "The product has several charges, like one for 1 m and one for 5 m of cable, and the SKU stands "
        "for all of them."
    ),
    "E405": "Tiered and usage charges have no single price, so that no single item can be billed with them.",
    "E406": "One of the two was copied from another row.",
    "E407": (
        "SUP-100 was typed into the column SKU, which is for what is not in the catalog, instead of "
        "Catalog SKU."
    ),
    "E408": "The sheet looks products up, and no price list was loaded yet.",
    "E410": "A row of the price list was copied and its charge id stayed.",
    "E411": "Two prices of one charge are valid at the same time, so that which one counts cannot be told.",
    "W401": (
        "The sheet says tax code RED and the catalog STD: with a charge the billing system takes the "
        "catalog's."
    ),
    "W402": "The sheet gives charge ids, and no price list was loaded that could tell whether they exist.",
    "W403": "The unit price is blank, and the setting catalog_price says to fill it from the catalog.",
    "E412": "A row of the account list was copied, and its number or id stayed.",
    "E413": "The number was mistyped, its zeros in front were lost, or the customer is newer than the list.",
    "E414": (
        "Number and id stand in one row, but belong to two customers: one of them was copied from "
        "another row."
    ),
    "E415": (
        "The billing system knows customers by an id alone; a number has to be looked up in the account list."
    ),
    "W411": (
        "A customer who is billed in USD gets an invoice in EUR: that may be meant, or the cell was copied."
    ),
    "E501": "A corrected file came after the first was prepared: both would bill the same.",
    "E502": "All invoices were to be taken or none, and one of the others has a fault.",
    "E601": (
        "The file was cut off in transfer, a filter hid rows when the total was taken, or a row was "
        "changed since."
    ),
    "E602": (
        "The expected number was linked to the sheet with =SUM(...): it changes with every row that is lost."
    ),
    "E603": "An amount was typed without its currency, or a currency beside a number of invoices.",
    "E604": "A CSV file that was cut off looks like a shorter one; only a total from elsewhere can tell.",
    "W601": "Columns or limits changed since the template was made, or it was made with other settings.",
    "W801": (
        "The same was typed twice under two references, or two invoices are really alike, like a monthly fee."
    ),
    "W802": "A decimal point was lost, like 90,000 for 900.00, or the customer really bought more.",
    "W803": "The month was billed before, in an earlier file, or the period was copied and not moved on.",
    "W804": "The date was copied from last month, or the invoice comes late.",
    "E804": "The date was copied from last month, or the invoice comes late, and the settings refuse it.",
    "W805": "A price was agreed with this customer, or it was mistyped, or the catalog is old.",
    "W806": (
        "The columns say Posted and auto pay: as soon as the invoice is sent, the customer's card or "
        "account is charged."
    ),
    "W807": "The amount was computed from a price with more decimals than the sheet gives.",
    "W808": "The file from before the correction was handed in again.",
}
"""By code; every code has one."""
