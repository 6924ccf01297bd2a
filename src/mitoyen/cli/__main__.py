"""`python -m mitoyen.cli`, the same as `mitoyen`."""

from mitoyen.cli.main import main

main()
