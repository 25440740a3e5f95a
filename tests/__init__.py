"""What the office may rely on."""
