"""The doors: Chalice Blueprints that parse, call one use case and render.

The only room that names chalice.
"""
