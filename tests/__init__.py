"""Tests: what must hold for a user."""
