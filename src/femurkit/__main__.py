"""`python -m femurkit`: the same as the `femurkit` command."""

from femurkit.cli import main

if __name__ == "__main__":
    main()
