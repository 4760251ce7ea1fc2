"""The command line ``ims-mock``: one module per command, each with a ``command`` that is imported when it is used."""
