"""Redaction: the same answers under pseudonyms, nothing of the owner left, no secret anywhere."""
