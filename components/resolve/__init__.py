"""From a program's arguments or a stack file to settings that are checked and complete."""
