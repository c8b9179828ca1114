"""The commands of ``goldenpath model``: one module for each."""
