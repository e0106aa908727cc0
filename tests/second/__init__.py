"""A second verifier of proof files, written from docs/spec alone.

It shares no code with the product, and needs nothing but Python and the package cryptography.
Where it and `fenrun verify` disagree, one of them, or the specification, is wrong.
"""
