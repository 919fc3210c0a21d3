"""The commands of the command line that have a file of their own: one a command or group, and what they share."""
