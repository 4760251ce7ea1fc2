"""The emulator in tests: :class:`ImsMock`, in process or on a running server, and assertions on requests."""
