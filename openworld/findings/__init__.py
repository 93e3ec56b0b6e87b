"""The findings: a first page of sentences, a page for each and for each live question, and what they rest on."""
