"""The life of a case: plain functions that take a session and say what happened. Nobody here commits."""
