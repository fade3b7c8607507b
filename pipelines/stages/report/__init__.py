"""Makes the report from what is published: one frozen model, which a page, a PDF and documents only lay out.

    publication → tables → model (cells, blocks, prose, charts) → html, pdf, documents → files

It reads the Parquet of schema ``rapport`` and the prose; never a mart, never the warehouse. ``etat`` lays out another
page, the state of the year's collection and quality, from data that ``pipelines.runs.audit`` gathers.
"""
