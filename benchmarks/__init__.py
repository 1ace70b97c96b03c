"""Measuring: a generator of input with known truth, two reference pipelines, and the bench beside them."""
