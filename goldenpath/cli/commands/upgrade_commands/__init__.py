"""The commands of ``goldenpath upgrade``: one module for each."""
