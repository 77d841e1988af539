"""The web demo: its layout, cancellable jobs, results as files, and the door that everything goes through."""
