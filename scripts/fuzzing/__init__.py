"""Feeds the agent's readers with what no camera should send; nothing may break, nothing may grow."""
