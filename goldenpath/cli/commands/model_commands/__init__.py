"""The commands of ``goldenpath model``: a module each."""
