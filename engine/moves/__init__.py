"""Moves (迁移): a case that runs goes on with another deployment of its regime, where its record allows it."""
