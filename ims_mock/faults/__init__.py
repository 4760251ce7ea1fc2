"""Fault injection: the keys and effects of fault rules, the rules of an emulator, and the catalog changes of a rule.

Rules select requests and count them here; the web package carries the effects out.
"""
