"""``python -m heap_tui`` is the same program as ``heap-tui``."""

from heap_tui.cli.main import main

if __name__ == "__main__":
    main()
