"""`python -m explorer`: what a page can compute, a shell can too."""

import os
import sys

# As in `explorer.ui.start`: torch's threads sleep where they wait for each other, and a busy machine stays usable.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from explorer.cli.main import main  # noqa: E402

sys.exit(main())
