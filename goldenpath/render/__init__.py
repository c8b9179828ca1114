"""Renders a spec to manifests: the sandboxed engine, and the few words of templates.

Pure once a golden path is compiled: no clock, no environment, no network; the same spec and version give the
same bytes. Checking what was rendered, and writing it anywhere, happen elsewhere.
"""

from goldenpath.render.engine import CompiledPath, compile_path
from goldenpath.render.template_words import words_of

__all__ = ["CompiledPath", "compile_path", "words_of"]
