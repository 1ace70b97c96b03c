"""What the tests share: sheets to hand in, workbooks, the corpus, golden files, the command line."""
