"""`python -m utils.explorers` writes the tables of numbers that the figures show."""

from utils.explorers.tables import main

main()
