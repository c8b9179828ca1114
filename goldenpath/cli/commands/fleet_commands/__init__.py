"""The commands of ``goldenpath fleet``: a module each."""
