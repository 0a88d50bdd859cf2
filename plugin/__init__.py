"""`AutoscalingRunner` for programs in every Pulumi language: a provider of the remote component, and its schema."""
