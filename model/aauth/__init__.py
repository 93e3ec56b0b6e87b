"""AAuth (draft-hardt-oauth-aauth-protocol) as an alternative protocol over the same properties.

An agent signs every request. A resource answers with a signed resource token that names itself, the agent's key and
the server that is to decide; the agent's person server (or an access server behind it) turns that into an auth token
for this resource and this key. One deployment is modelled: the user's person server is also the access server of the
honest resources.
"""
