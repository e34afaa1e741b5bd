"""Dashboards: what people open first. All clients side by side, one client's page, and the answers behind both.

address   what the address bar says: kind of survey, period, comparison, filters; it alone decides what is shown
scope     what of a client a login may see here
choices   by which values the client's answers can be filtered
board     what one client's page shows at once, gathered from `analytics` and put into words
below     the parts that it fetches once they come into view, each a page of its own
overview  all clients of a login, worst news first
views     pages; htmx swaps their middle, and without script they are pages all the same
"""
