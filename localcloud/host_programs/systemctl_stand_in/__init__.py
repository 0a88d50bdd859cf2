"""A stand-in for systemctl and systemd on the manager host stand-in: services of Type=simple, without cgroups.

Settings that change who runs what are refused, others that are not known here are ignored, as systemd ignores unknown
ones. Units are read whenever they are needed, so daemon-reload has nothing to do. Behaviour and texts follow
systemctl(1), systemd.service(5) and systemd.kill(5) of systemd 252; there is no recording of the real one.
"""
