"""Simulated Kasa and Tapo cameras that speak the real wire formats on loopback addresses.

Read `street` first: it starts the cameras. `reading` tells which painted frames a recording holds.
"""
