"""The commands of ``goldenpath schemas``: one module for each."""
