"""The rehearsal (推演): a regime's coming years lived through on a clock of their own, in a database of their own."""
