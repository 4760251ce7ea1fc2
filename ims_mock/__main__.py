"""``python -m ims_mock`` is the command line."""

from ims_mock.cli import main

main()
