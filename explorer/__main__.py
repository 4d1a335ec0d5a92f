"""`python -m explorer`: what a page can compute, a shell can too."""

import sys

from explorer.cli import main

sys.exit(main())
