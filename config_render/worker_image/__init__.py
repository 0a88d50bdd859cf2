"""Images for a pool's machines that hold Docker and container images already, as Packer builds them."""
