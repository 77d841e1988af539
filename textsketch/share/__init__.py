"""A .tsk file to take along: as a link, as a QR code, on one slide.

It may import the measures, the pipeline and all below; only page and command line import it.
"""
