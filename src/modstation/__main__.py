"""``python -m modstation`` is the command ``modstation``."""

from modstation.cli.main import main

if __name__ == "__main__":
    main()
