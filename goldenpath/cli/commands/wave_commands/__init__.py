"""The commands of ``goldenpath fleet waves``: a module each."""
