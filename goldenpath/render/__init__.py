"""Renders a spec to manifests in a sandbox.

Rendering is pure once a golden path is compiled. It reads no clock, no environment and no network: the same spec and
version give the same bytes. Other packages check and write the rendered files.
"""

from goldenpath.render.engine import CompiledPath, compile_path
from goldenpath.render.template_words import words_of

__all__ = ["CompiledPath", "compile_path", "words_of"]
