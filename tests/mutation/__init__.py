"""Mutation testing of what verdicts are made of."""
