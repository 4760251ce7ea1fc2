"""Fault injection: the schema of a fault rule, the rules of an emulator, and the catalog changes a rule can make."""
