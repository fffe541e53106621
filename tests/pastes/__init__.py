"""Tests of pasted console output."""
