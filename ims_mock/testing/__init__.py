"""The emulator as an object in tests: :class:`ims_mock.ImsMock`, in this process or on a running server.

``ImsMock`` is a client of the control API; a backend transports its requests.
"""
