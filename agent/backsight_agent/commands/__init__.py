"""What `backsight-agent` can be told to do: one module for each command, imported when it is used."""
