"""Questions asked from a notebook: one checker a kernel, and every answer remembered."""

from functools import lru_cache

from model.design import Configuration, parse
from model.model import Model, oauth
from properties.attackers import configured
from properties.checker import kept
from properties.results import Result
from properties.security import Property, find
from properties.verdict import Verdict


def ask(prop: Property | str, configuration: Configuration | str, model: Model = oauth()) -> Verdict:
    """A verdict with its trace or its rules; about A1 of RFC 9700 where a text names no attacker.

    Raises:
        UnknownPropertyError, ConfigurationError: naming the culprit and what is allowed.
    """
    asked = _asked(prop, configuration, model)
    return _verdict(_property(prop, asked.model).name, asked)


def result(prop: Property | str, configuration: Configuration | str, model: Model = oauth()) -> Result:
    """The result alone, within milliseconds (raises as :func:`ask` does)."""
    asked = _asked(prop, configuration, model)
    return _result(_property(prop, asked.model).name, asked)


def read(configuration: Configuration | str, model: Model = oauth()) -> Configuration:
    """A configuration of a model from its text (raises ConfigurationError)."""
    return parse(configuration, model) if isinstance(configuration, str) else configuration


def _asked(prop: Property | str, configuration: Configuration | str, model: Model) -> Configuration:
    return configured(_property(prop, model), configuration, model) if isinstance(configuration, str) else configuration


def _property(prop: Property | str, model: Model) -> Property:
    return find(prop, model) if isinstance(prop, str) else prop


@lru_cache(maxsize=4096)
def _verdict(prop: str, configuration: Configuration) -> Verdict:
    return kept().verdict(prop, configuration)


@lru_cache(maxsize=65536)
def _result(prop: str, configuration: Configuration) -> Result:
    return kept().result(prop, configuration)
