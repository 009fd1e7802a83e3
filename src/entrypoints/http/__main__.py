"""`python -m equeue.entrypoints.http > docs/openapi.json` renews the checked-in OpenAPI document."""

import sys

import msgspec

from .app import API_ENDPOINTS
from .openapi import document
from .wire import encode

if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(encode(document(API_ENDPOINTS)), indent=2) + b"\n")
