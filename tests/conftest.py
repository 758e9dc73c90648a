"""What holds for all tests."""

from hypothesis import settings

# A loaded machine takes its time; how long an example takes says nothing of whether it is right.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
