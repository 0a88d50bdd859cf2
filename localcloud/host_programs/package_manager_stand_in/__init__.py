"""A stand-in for apt-get and dnf on the manager host stand-in, as far as the manager's tool needs them.

Options and texts follow apt-get(8) and dnf(8); there is no recording of the real ones. Signatures are not checked, but
a repository whose key is not there is refused. What is installed of docker-ce is a `docker` that tells its version, and
a service that does nothing. Of the distribution's own packages there is amazon-ecr-credential-helper, which knows no
credentials.
"""
