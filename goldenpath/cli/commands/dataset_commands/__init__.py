"""The commands of ``goldenpath dataset``: one module for each."""
