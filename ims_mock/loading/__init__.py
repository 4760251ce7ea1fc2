"""Catalog files: finding, parsing, validating and merging them, generating images, and dumping catalogs.

:mod:`ims_mock.loading.loader` puts the steps together. Code that knows the format of catalog files belongs here. Only
``parser`` uses PyYAML, only ``schema`` uses marshmallow, and only ``generator`` uses Faker.
"""
