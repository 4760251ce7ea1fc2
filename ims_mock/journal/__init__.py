"""The journal of recorded requests, and what is derived from it.

The web layer hands over a :class:`~ims_mock.journal.journal.Record` of every request. The journal numbers it and its
page, and the coverage recorder notes what it covers; entries, findings and the audit of walks are computed when they
are read. A new finding is a row in ``findings.py``, a new rule for walks one in ``walks.py``.
"""
