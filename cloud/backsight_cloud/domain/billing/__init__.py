"""What an account pays for: a fold over what happens to it."""
