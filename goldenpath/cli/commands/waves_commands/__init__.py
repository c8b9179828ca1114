"""The commands of ``goldenpath fleet waves``: one module for each."""
