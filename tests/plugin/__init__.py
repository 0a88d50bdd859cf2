"""The component for every Pulumi language: its schema, its provider on the real engine, and generated SDKs."""
