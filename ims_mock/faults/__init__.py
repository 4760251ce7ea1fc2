"""Fault injection: the schema of a fault rule, the rules of an emulator, and the catalog changes a rule can make.

Rules select requests and count them here; the web package carries the effects out.
"""
