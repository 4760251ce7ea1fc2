"""The conformance suite: scenarios that an SDK's list of images must pass, run through a small adapter.

An adapter lists images with an SDK, in Python or as a process in any language. The package runs it against one emulator
per scenario, judges what it returns and what it requested, and reports the result.
"""
