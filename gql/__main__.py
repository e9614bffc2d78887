"""`python -m gql`: the command line."""

from gql.cli import main

if __name__ == "__main__":  # the server's worker processes import this module under another name
    main()
