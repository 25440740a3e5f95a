"""The diagrams, decision tables, forms and letters that ship; a folder a regime holds what only it does."""
