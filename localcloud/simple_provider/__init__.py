"""What the stand-ins for small providers share: values on the wire, checks, differences, and the protocol's forms."""
