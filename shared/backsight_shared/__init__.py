"""What hub and cloud agree on: words, rules and messages. No I/O."""
