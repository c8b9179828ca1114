"""Models as OCI artifacts: checks, packs, signs and verifies them.

For: formats of weights by their headers (``weight_headers``), the allowed files of a folder (``contents``), layers as
streams (``layer_plan``, ``tar_stream``), the image (``packing``, ``inspection``, ``image_signature``), signatures of
folders by OpenSSF Model Signing (``oms``), the bill of materials (``bill_of_materials``) and the model card
(``model_card``).

Stays out: catalogues of models (``goldenpath.models``), provenance, and the choice of trusted signers.

Import the modules by their names: this package re-exports nothing.
"""
