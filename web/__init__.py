"""The doors: HTTP, the command line, the worker."""
