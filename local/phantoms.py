"""`python -m local.phantoms`: see `local.demo.phantoms`, which draws."""

from local.demo.phantoms import main, write_channels, write_phantoms

__all__ = ["main", "write_channels", "write_phantoms"]

if __name__ == "__main__":
    main()
