"""`python -m ganlab` is the command `ganlab`."""

import sys

from ganlab.cli.main import main

sys.exit(main())
