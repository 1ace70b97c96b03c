"""What is allowed: every business field, rule and target projection, each declared once.

Nothing here imports from `pipeline`.
"""
