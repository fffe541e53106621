"""The machine fails while the work goes on: nothing collected is lost, and the user is told."""
