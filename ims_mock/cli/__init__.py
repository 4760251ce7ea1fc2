"""The command line ``ims-mock``: modules with a command or a few, imported when they are used."""
