"""The web demo: its layout, cancellable jobs, workers, results as files, and the door everything goes through.

It may import everything but the command line; nothing imports it.
"""
