"""`python -m explorer`: what a page can compute, a shell can too."""

import sys

from explorer.cli.main import main

sys.exit(main())
