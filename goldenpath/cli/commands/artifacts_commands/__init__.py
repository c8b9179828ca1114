"""The commands of ``goldenpath artifacts``: one module for each."""
