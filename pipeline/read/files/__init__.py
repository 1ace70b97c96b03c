"""Files as bytes: reading, refusing and decoding them, and what the person declares of them.

In: paths, and options.
Out: the bytes of each file with the formats it may be in, or a refusal; the text of text files; saved API
answers.
Never: parses a sheet.
"""
