"""The commands of ``goldenpath cluster``: one module for each."""
