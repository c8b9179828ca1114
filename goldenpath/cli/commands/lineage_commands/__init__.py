"""The commands of ``goldenpath lineage``: one module for each."""
