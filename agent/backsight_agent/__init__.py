"""The hub at home: records cameras, keeps their history, sends it to the cloud."""
