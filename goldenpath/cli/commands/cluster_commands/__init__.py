"""The commands of ``goldenpath cluster``, each imported when it is asked for."""
