"""What the rules know of an image: what it has, installs and starts, as far as its files tell."""
