"""Redaction: evidence that can be handed on. Names, ids and addresses get consistent pseudonyms; the verdict stays.

What is not known to be harmless goes: a member stays only where `members.toml` or `seen.toml` lists it, a word only where
`words.toml` does, a resource only where its kind is one that is judged by.
"""

from mi_workbook.evidence.redaction.redactor import Redacted, Redactor

__all__ = ["Redacted", "Redactor"]
