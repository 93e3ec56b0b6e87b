"""The colours of charts and figures, and the signs of results."""

INK, FAINT, PAPER = "#222222", "#b8b8b8", "#ffffff"
#: What is the attacker's, and what must not reach it.
ATTACKER, LEAK = "#9C3A0B", "#111111"
#: A sign for each result, which says it without a colour.
SIGNS = {
    "attack": "✗", "safe": "✓", "unread": "(✓)", "not_in_this_world": "–", "unknown": "?", "reached": "yes",
    "not_reached": "no",
}  # fmt: skip
