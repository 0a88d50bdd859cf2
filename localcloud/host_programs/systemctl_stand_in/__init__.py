"""A stand-in for systemctl, journalctl and systemd on the manager host stand-in: services and timers, without cgroups.

Settings that change who runs what are refused, others that are not known here are ignored, as systemd ignores unknown
ones. Units are read whenever they are needed, so daemon-reload has nothing to do. Behaviour and texts follow
systemctl(1), systemd.service(5), systemd.kill(5), systemd.timer(5) and journalctl(1) of systemd 252; of the real ones
there are the refusals of journalctl alone.
"""
