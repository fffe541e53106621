"""Why an application cannot reach its Azure SQL managed instance: proved, with the fix."""

__version__ = "0.1.0"
