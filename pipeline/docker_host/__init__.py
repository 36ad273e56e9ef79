"""Which Docker Engine the user chose, and how it is reached: for the command and for the local engine."""
