"""How the values in messages are said, so that who knows OAuth and not this model understands them.

A term is said by whose it is and what it is; everything else as it stands. What kinds of terms there are and what they
belong to is said in :mod:`model.messages` and :mod:`model.state`; a kind that is not known here is said by its name.
"""

from collections.abc import Callable
from functools import partial

from model import readings
from model.action import Context
from model.logic import decided
from model.messages import FORGED, THIEF
from model.readings import is_made_offline, is_of_exchange
from model.state import ID_TOKEN
from model.world import ATTACKER, DEFAULT_AUDIENCE, NONE, TRUST_DOMAIN, Exchanged, Grant, Held, World

_MADE = {FORGED: "<made up by attacker>", THIEF: "<attacker's own>"}
#: What a client of the attacker's has of its own account.
_OWN = {
    "own": "<issued to the attacker's client>",
    "own_token": "<issued to the attacker's client>",
    "id_token": "<ID token for the attacker's client>",
}


def host(url: str) -> str:
    """A URL of a server as one calls it in a sentence."""
    return url.partition("://")[2].rstrip("/") or url


def whose(user: str) -> str:
    """A user in the genitive."""
    return f"{user}'s"


def owner(world: World, who: str) -> str:
    """Whose a session is, in words; numbered where its user has several."""
    if who == THIEF:
        return "attacker"
    user = world.user_of(who)
    same = [session.name for session in world.sessions if session.user == user]
    number = f" {same.index(who) + 1}" if len(same) > 1 else ""
    return f"{whose(user)} session{number}"


class Words:
    """Says values in one state of one world."""

    def __init__(self, context: Context) -> None:
        self.context, self.world = context, context.world
        self._oauth = context.under("oauth")
        self.grants: dict[str, Grant] = {grant.name: grant for grant in self.world.grants}
        self._say: dict[str, Callable[[str], str]] = {
            "challenge": self._challenge,
            "verifier": self._verifier,
            "assertion": self._assertion,
            "grant": self._assertion,
            "proof": self._proof,
            "secret": self._secret,
            "token": self._token,
            "code": partial(self._issued, "code"),
            "refresh": partial(self._issued, "refresh token"),
            "signature": self._signature,
        }

    def term(self, kind: str, name: str) -> str:
        """A term by what it is and whose."""
        if kind in ("token", "refresh") and name in _OWN:
            return _OWN[name]
        if name in _MADE and kind not in ("challenge", "verifier"):
            return _MADE[name]
        if kind in self._say:
            return self._say[kind](name)
        if name in self.world.session:
            return f"<of {owner(self.world, name)}>"
        if name in self.grants:
            return f"<of {whose(self.grants[name].user)} approval>"
        party = self.world.by_name.get(name.partition(".")[0])
        return self.public(name) if party is None else f"<of a transaction at {host(party.url)}>"

    def public(self, value: object) -> str:
        """A value that anybody may read; lists as lists, a user or a key by whose it is."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, tuple | list | frozenset):
            return f"[{', '.join(map(self.public, value))}]"
        words = str(value)
        if words.startswith("key:"):
            return self._key(words.removeprefix("key:"))
        if words in self.world.users or words == ATTACKER:
            return f"<{whose(words)}>"
        if words in self.world.session:
            return f"<of {owner(self.world, words)}>"
        return words

    def user_of(self, name: str) -> str:
        """Whose a term is: of which user, or the attacker's; nothing where it is nobody's."""
        place = name.removeprefix("key:").removeprefix(ID_TOKEN).partition("@")[0]
        for part in (name, place, place.partition(".")[0]):
            issued = self.world.issued.get(part.removesuffix("+"))
            if issued is not None:
                return issued.user
            if part in self.world.session:
                return self.world.user_of(part)
        return name if name in self.world.users else ""

    def server_of(self, name: str) -> str:
        """The issuer of a code or token, where it has one."""
        issued = self.world.issued.get(name.removesuffix("+"))
        return "" if issued is None else self.world.by_name[issued.server].url

    def _challenge(self, who: str) -> str:
        plain = who in self.world.session and self.context.client(who).pkce == "plain"
        return self._verifier(who) if plain else f"S256({self._verifier(who)})"

    def _verifier(self, who: str) -> str:
        if who in (THIEF, FORGED):
            return "<attacker's own verifier>"
        if who not in self.world.session:
            return f"<{who}>"
        user, known = self.world.user_of(who), owner(self.world, who)
        only = user != ATTACKER and known == f"{whose(user)} session"
        return f"<{whose(user)} verifier>" if only else f"<verifier of {known}>"

    def _assertion(self, name: str) -> str:
        client_id, _, server = name.partition("@")
        if server in self.world.by_name:
            return f"<signed by {client_id}, for {host(self.world.by_name[server].url)}>"
        if name in self.world.by_name:
            return f"<signed by {host(self.world.by_name[name].url)}>"
        if name not in self.world.session:
            return self.public(name)
        vouched = readings.follows(self.context, name) and self.context.state[f"{name}.vouched"]
        signer = host(decided(readings.voucher_of(self.context, name))) if vouched else self.world.session[name].client
        return f"<signed by {signer} about {self.world.user_of(name)}>"

    def _proof(self, name: str) -> str:
        if name.startswith("key:"):
            return f"<proof by {self._key(name.removeprefix('key:'))[1:]}"
        url = name.partition("@")[2]
        return f"<proof for {url}>" if "://" in url else "<a captured proof>"

    def _signature(self, name: str) -> str:
        return f"<over {name.partition('@')[2]}>"

    def _secret(self, name: str) -> str:
        client, _, server = name.partition("@")
        at = self.world.by_name[server].url if server in self.world.by_name else server
        return f"<{whose(client)}, for {host(at)}>"

    def _issued(self, what: str, name: str) -> str:
        if name not in self.grants:
            party = self.world.by_name.get(name.partition(".")[0])
            return self.public(name) if party is None else f"<{what} from {host(party.url)}>"
        grant = self.grants[name]
        alone = sum((other.user, other.server) == (grant.user, grant.server) for other in self.world.grants) == 1
        return f"<{whose(grant.user)} {what}{'' if alone else ' ' + name[-1]} from {host(self.server_of(name))}>"

    def _token(self, name: str) -> str:
        if name.startswith(ID_TOKEN):
            return self._issued("ID token", name.removeprefix(ID_TOKEN))
        held = self.world.issued.get(name)
        if isinstance(held, Held):
            leaked = self.context.has(held.leaks_by) is True
            at = host(self.world.by_name[held.resource].url)
            return f"<{whose(held.user)} {'leaked' if leaked else 'cached'} token for {at}>"
        if isinstance(held, Exchanged):
            holder = held.holder.replace("_", " ")
            starter = self.world.by_name[self.world.by_name[held.holder].started_by].name.replace("_", " ")
            by = f"the {starter}" if is_made_offline(self.context, name) else host(self.server_of(name))
            return f"<token for the {holder} from {by}>"
        if name.endswith("+"):
            anew = name in self.world.sources and bool(is_of_exchange(self.context, name.removesuffix("+")))
            made = "had in exchange" if anew else "refreshed"
            return f"<{whose(self.user_of(name))} token {made} at {host(self.server_of(name))}>"
        if self._is_of_client_itself(name):
            return f"<client's own token from {host(self.server_of(name))}>"
        return self._issued("token", name)

    def _is_of_client_itself(self, name: str) -> bool:
        return self._is_access_token(name) and readings.is_of_client_itself(self._oauth, name) is True

    def _is_access_token(self, name: str) -> bool:
        """Whether it is one of OAuth's, of which the state says what it is good for."""
        return "oauth" in self.world.protocols and name.removesuffix("+") in self._oauth.world.issued

    def claims(self, kind: str, name: str) -> list[tuple[str, str]]:
        """What an access token of an honest AS says: ``aud`` and ``cnf``, and ``sub`` where it is about no user."""
        if kind != "token" or not self.server_of(name) or not self._is_access_token(name):
            return []
        made = readings.token_of(self._oauth, name)
        audience = [decided(made.audience)] if made.audience != NONE else []
        every = TRUST_DOMAIN if made.of_domain else f"{DEFAULT_AUDIENCE}: every RS"
        audience += [f"<{every} of {host(self.server_of(name))}>"] if made.has_default else []
        said = {
            "sub": decided(made.subject) if self._is_of_client_itself(name) else NONE,
            "act.sub": self._actor(name),
            "aud": ", ".join(audience) or NONE,
            "scope": decided(made.scope),
            "cnf.jkt": self.public(made.key),
            "cnf.x5t#S256": self.public(made.certificate),
        }
        return [(claim, text) for claim, text in said.items() if text != NONE]

    def _actor(self, name: str) -> str:
        """Who acts with a token that was made of the client's, as the AS that made it says."""
        made = self.world.issued.get(name)
        if not isinstance(made, Exchanged):
            return NONE
        holder = self.world.by_name[made.holder]
        derived = self.context.client(self.world.errand(holder).name).instance == "derived"
        return holder.url if derived else NONE

    def _key(self, name: str) -> str:
        if name == THIEF:
            return "<attacker's key>"
        if name in self.world.session:
            return f"<key of {owner(self.world, name)}>"
        client, _, at = name.partition("@")
        client, _, earlier = client.partition(":")
        more = (f" for {host(at)}" if at else "") + (" of an earlier flow" if earlier else "")
        return f"<{whose(client.replace('_', ' '))} key{more}>"
