"""``python -m ims_mock`` is the command line."""

from ims_mock.cli.main import main

main()
