"""The commands of `backsight-cloud`, one module for each subject."""
