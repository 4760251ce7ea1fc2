"""Fault injection: the table of effects, the rules of an emulator, and the catalog changes that a rule can make.

Rules select requests and count them here; the web package carries the effects out.
"""
