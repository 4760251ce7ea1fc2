"""The command line, ``ims-mock``: one module per command."""
