"""When a property is violated or reached, one module for each protocol, one function for each property.

A protocol in which nothing of the kind exists has no function for the property: nothing can violate it there.
"""
