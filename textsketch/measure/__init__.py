"""How near a decode is to its picture, beside other codecs: metrics, baselines, the evaluation, reports.

It looks at the road from outside: it may import the pipeline and all below, and nothing below imports it.
"""
