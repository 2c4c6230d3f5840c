"""Builds a catalog in one call: read products, fields and policies, embed, write the file, make it the one in use."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.catalog.columns import build_columns
from assistant.catalog.importing import Imported, ImportReport, Source, read_products
from assistant.catalog.index import SCHEMA, Contents, Meta, activate, active, digest_of, file_name, read_index, write_index
from assistant.catalog.lexicon import Section, build_lexicon
from assistant.catalog.policies import Policy, read_policies
from assistant.catalog.products import Product, canonical_json, items
from assistant.catalog.shop_words import ShopWords, read_shop_words
from assistant.catalog.units import plain
from assistant.catalog.vectors import DIMENSIONS, Progress, TextEncoder, Vectors, embed, product_text
from assistant.catalog.words import category_words, field_label
from chains.errors import CatalogError
from chains.values import Flag, Quantity, Terms, Text
