"""What must hold whatever fails: servers killed, eight people at one task, two tickers at once."""
