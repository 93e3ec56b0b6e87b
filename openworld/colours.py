"""The colours of charts and figures."""

INK, FAINT, PAPER = "#222222", "#b8b8b8", "#ffffff"
#: What is the attacker's, and what must not reach it.
ATTACKER, LEAK = "#9C3A0B", "#111111"
