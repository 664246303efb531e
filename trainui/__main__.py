"""`python -m trainui` is `trainui`."""

import sys

from trainui.cli import main

if __name__ == "__main__":
    sys.exit(main())
