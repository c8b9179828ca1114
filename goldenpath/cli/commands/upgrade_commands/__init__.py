"""The commands of ``goldenpath upgrade``: a module each."""
