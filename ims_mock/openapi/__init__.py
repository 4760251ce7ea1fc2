"""The OpenAPI document, the JSON Schemas of the API, and the reference tables."""
