"""The commands of ``goldenpath artifacts``: a module each."""
