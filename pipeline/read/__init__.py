"""Stage 1: a file becomes raw sheets, every cell with its address. Never guesses, never drops a row."""
