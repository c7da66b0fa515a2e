"""A DICOM node: studies come in over the network, femurs go back. Needs the extra `node`."""
