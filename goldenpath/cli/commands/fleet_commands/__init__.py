"""The commands of ``goldenpath fleet``: one module for each."""
