"""Descriptions of requests and fleets for machines and people, generated from the models and the catalogues.

For: JSON Schema, ``cookiecutter.json``, the Backstage form, tables of inputs, reference pages, and the conversion of
answers and form values to a request.

Not for: rendering, checks and validation (the parser alone decides what is valid), and writing the generated files
(``tools/generate.py``).
"""

from goldenpath.describe.backstage_template import template_entity, template_name
from goldenpath.describe.cookiecutter_answers import request_from_answers
from goldenpath.describe.cookiecutter_variables import cookiecutter_json
from goldenpath.describe.form import request_from_form
from goldenpath.describe.inputs_table import inputs_table
from goldenpath.describe.json_schema import json_schema
from goldenpath.describe.reference import reference_pages

__all__ = [
    "cookiecutter_json",
    "inputs_table",
    "json_schema",
    "reference_pages",
    "request_from_answers",
    "request_from_form",
    "template_entity",
    "template_name",
]
