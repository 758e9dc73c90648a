"""Films of known truth, for measuring what the hub's motion detection finds and what it should not."""
