"""One small function per fault, in the order of the packet's path, and the catalogue of their words."""
