"""Metrics as Prometheus reads them: by its own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from lossgrad_service.metrics import Exposition

BUILD = {"version": "0.1.0", "python": "3.11.7"}


def families_of(slab):
    """Return what the parser makes of a slab's text, by name."""
    return families_in(Exposition(slab, BUILD).text().decode())


def families_in(text):
    return {family.name: family for family in text_string_to_metric_families(text)}


def values_of(slab):
    """Return every sample's value by its name and labels."""
    return values_in(Exposition(slab, BUILD).text().decode())


def values_in(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families_in(text).values()
        for sample in family.samples
    }


def value_of(slab, name, **labels):
    return values_of(slab)[(name, *sorted(labels.items()))]


def value_in(text, name, **labels):
    return values_in(text)[(name, *sorted(labels.items()))]
