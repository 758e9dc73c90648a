"""The cloud: accounts, entitlements, the copy of the history, and its pages."""
