"""A real endpoint of the image service, for the commands ``record`` and ``verify``.

The transport and the credentials, the recording of images as a catalog, and the replacement of identities belong here.
Nothing here writes to the endpoint: it sends ``GET`` requests, and at most one login to the identity service.
"""
