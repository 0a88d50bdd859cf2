"""docker+machine on the manager: its machines, their names, and where and when they are made and removed."""
