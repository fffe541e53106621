"""python -m mi_workbook."""

import sys

from mi_workbook.cli import main

if __name__ == "__main__":
    sys.exit(main())
