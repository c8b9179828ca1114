"""One module for each command, with the attribute ``command``; a module is imported when its command is called."""
