"""What an installation and a regime are set to: the environment, the regimes' numbers, their clauses."""
