"""Live evidence from Azure: sign-in, permissions, Resource Graph and Resource Manager. azure.* is imported in functions."""
