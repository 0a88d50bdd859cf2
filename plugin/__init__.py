"""`AutoscalingRunner` for programs in every language of Pulumi: the provider of the remote component, and its schema."""
