"""Questions in, diagnoses out: trace, check, name the root cause, prove the repair."""
