"""Models as OCI artifacts: what may be inside, how they are packed, signed and verified.

For: formats of weights by their headers (``weight_headers``), what a folder may hold (``contents``), layers as streams
(``layer_plan``, ``tar_stream``), the image (``image``, ``packing``, ``inspection``), signatures of folders by OpenSSF
Model Signing (``oms``), the bill of materials (``bill_of_materials``) and the model card (``model_card``).

Stays out: catalogues of models (``goldenpath.models``), provenance, and who may sign.

Import the modules by their names: this one re-exports nothing.
"""
