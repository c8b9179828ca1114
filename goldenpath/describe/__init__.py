"""One spec, described for machines and for people: everything here is made from the models and the catalogues.

For: JSON Schema, ``cookiecutter.json``, the Backstage form, tables of inputs, reference pages, and the way back
from answers and form values to a request.

Not for: rendering, checking, or deciding what is valid: the parser does, and nothing here knows a rule that it
does not have. Writing the files is ``tools/generate.py``'s.
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
