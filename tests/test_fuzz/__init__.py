"""Readers under damaged and random input."""
