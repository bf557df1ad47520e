"""The integration with httplib2: the one place that touches its internals."""
