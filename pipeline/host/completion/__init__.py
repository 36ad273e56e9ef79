"""Shell completion: scripts for bash, zsh and fish, and the candidates that they ask for."""
