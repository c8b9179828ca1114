"""The commands of ``goldenpath dataset``, one module each."""
