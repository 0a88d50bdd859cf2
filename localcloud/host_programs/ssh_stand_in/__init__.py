"""A stand-in for ssh on the manager host stand-in, where it is called with an address of the emulated EC2's instances.

Nobody listens there, so the emulated AWS is asked how it would end; see `auto_scaling_stand_in/workers.py`. Every other
call is left to the real ssh. Options, messages and exit codes follow ssh(1) and ssh_config(5); of files of settings and
agents it knows nothing, and of keys those alone that the command line names.
"""
