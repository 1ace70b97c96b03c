"""How people write numbers, dates, percentages and choices, and how each form is read.

In: columns of text and what the settings declare about them.
Out: columns of text in the plain form, or of typed values.
Never: guesses: a text that could be read in two ways is not read.
"""
