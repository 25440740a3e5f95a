"""The tables' history: one file a change, named by a dated sentence."""
