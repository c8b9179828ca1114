"""The commands of ``goldenpath dataset``: a module each."""
