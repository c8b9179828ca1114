"""The commands of ``goldenpath lineage``: a module each."""
