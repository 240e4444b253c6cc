"""One module for each revision, in the order that their names tell."""
