"""From a probability field to masks and closed surfaces, all in LPS mm."""
