"""`python -m textsketch` is the command line."""

import sys

from textsketch.cli import main

sys.exit(main())
