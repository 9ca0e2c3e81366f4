"""Does every check fail what is known to be bad, and pass our own modules? `make self-test`."""
