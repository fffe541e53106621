"""The packet lab: Azure's documented rules rebuilt with Linux network namespaces, and real TCP connections through them."""
