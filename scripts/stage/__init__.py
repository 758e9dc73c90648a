"""The whole product on one machine, as real processes: for the demo, its check and the end-to-end tests."""
