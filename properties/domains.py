"""A world in which each authorization server stands several times, with all that stands or falls with it.

A domain is an authorization server with the resource servers that it lists or that designate or trust it, the AS with
which it exchanges word about users, proxies in front of it, and whoever else is on one of their hosts. Whoever outside
has to do with a domain has to do with each of its copies, which have hosts of their own and nothing to do with each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import NamedTuple
from urllib.parse import urlsplit

from model.design import Configuration, Design
from model.world import AUTHORIZATION_SERVER, PROXY, RESOURCE_SERVER, Held, Party, World

#: Who can be in a domain: a client is known by more than its name and URL.
SERVER_ROLES = frozenset((AUTHORIZATION_SERVER, RESOURCE_SERVER, PROXY))


class Called(NamedTuple):
    """Whose name it is: of which domain, in the how manieth copy, and the name where there was one."""

    domain: str
    copy: int
    was: str


@dataclass(frozen=True)
class Domains:
    """A world, and the same with so many copies of each of its domains."""

    one: World
    number: int

    @cached_property
    def parts(self) -> Mapping[str, tuple[Party, ...]]:
        """The domains, called after their first AS; none where there can be no more than one of one of them.

        So it is with one that has a client in it, or scopes, of which requests name those of several resource servers.
        """
        found: dict[str, tuple[Party, ...]] = {}
        related: list[set[object]] = [{held.server, held.resource} for held in self.one.held]
        for party in self.one.parties:
            others = (*party.designates, *party.trusts, *party.serves, party.upstream, party.agent_of)
            related.append({party.name, *filter(None, others), ("host", _host(party.url))})
        for part in _connected(related):
            members = tuple(party for party in self.one.parties if party.name in part)
            if servers := [party.name for party in members if party.role == AUTHORIZATION_SERVER]:
                found[servers[0]] = members
        apart = all(p.role in SERVER_ROLES and not p.scopes for members in found.values() for p in members)
        return found if apart and self.number > 1 else {}

    @cached_property
    def _domain(self) -> Mapping[str, str]:
        """The domain of a party, of a host, or of a token that a client has from before."""
        parts = [(domain, party) for domain, members in self.parts.items() for party in members]
        found = {name: domain for domain, party in parts for name in (party.name, _host(party.url))}
        return {**found, **{held.name: found[held.server] for held in self.one.held if held.server in found}}

    @cached_property
    def called(self) -> Mapping[str, Called]:
        """What those are called of which there are copies."""
        each = ((name, domain, copy) for name, domain in self._domain.items() for copy in range(1, self.number + 1))
        return {copied(name, copy): Called(domain, copy, name) for name, domain, copy in each}

    def copies(self, name: str) -> tuple[str, ...]:
        """What something is called in each copy; its name, where there is one of it."""
        return tuple(copied(name, copy) for copy in range(1, self.number + 1)) if name in self._domain else (name,)

    def configured(self, configuration: Configuration) -> Configuration:
        """A configuration in which all copies of a party have what is set for it."""
        own = {
            (name, switch): value
            for (party, switch), value in configuration.design.parties.items()
            for name in self.copies(party)
        }
        return replace(configuration, design=Design(dict(configuration.design), own))

    # --- the world with copies

    @cached_property
    def world(self) -> World:
        """The world with copies of the domains."""
        one = self.one
        return replace(
            one,
            parties=tuple(copy for party in one.parties for copy in self._copied(party)),
            sessions=tuple(replace(each, visits=self._all(each.visits)) for each in one.sessions),
            held=tuple(copy for held in one.held for copy in self._kept(held)),
            tamperings=tuple(replace(each, party=name) for each in one.tamperings for name in self.copies(each.party)),
            approvals=tuple(replace(each, server=name) for each in one.approvals for name in self.copies(each.server)),
            contact=self.copies(one.contact)[0],
        )

    def _copied(self, party: Party) -> Iterator[Party]:
        domain = self._domain.get(party.name, "")
        for copy, name in enumerate(self.copies(party.name), 1):
            related = self._related(domain, copy)
            yield replace(
                party,
                name=name,
                url=self._at(party.url, copy),
                api=self._at(party.api, copy),
                designates=related(party.designates),
                trusts=related(party.trusts),
                serves=related(party.serves),
                knows=related(party.knows),
                upstream="".join(related((party.upstream,))),
            )

    def _related(self, domain: str, copy: int) -> Callable[[Sequence[str]], tuple[str, ...]]:
        """Those with whom a party of a copy has to do: of its own domain in the same copy, of others in all."""

        def related(names: Sequence[str]) -> tuple[str, ...]:
            inside = [bool(domain) and self._domain.get(name) == domain for name in names]
            found = ((copied(n, copy),) if own else self.copies(n) for n, own in zip(names, inside, strict=True))
            return tuple(chain.from_iterable(found))

        return related

    def _kept(self, held: Held) -> Iterator[Held]:
        for called in zip(*map(self.copies, (held.name, held.server, held.resource)), strict=True):
            yield replace(held, **dict(zip(("name", "server", "resource"), called, strict=True)))

    def _all(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(copy for name in names for copy in self.copies(name))

    def _at(self, url: str, copy: int) -> str:
        host = _host(url)
        return url.replace(host, copied(host, copy), 1) if host in self._domain else url


def _connected(related: Iterable[set[object]]) -> list[set[object]]:
    """Sets of what is related, joined where they share something."""
    parts: list[set[object]] = []
    for some in related:
        apart = [part for part in parts if part.isdisjoint(some)]
        parts = [*apart, some.union(*(part for part in parts if part not in apart))]
    return parts


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def copied(name: str, copy: int) -> str:
    """What is called so, as it is called in a copy."""
    first, dot, rest = name.partition(".")
    return f"{first}!{copy}{dot}{rest}"
