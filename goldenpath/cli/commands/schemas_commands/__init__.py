"""The commands of ``goldenpath schemas``, each imported when it is asked for."""
