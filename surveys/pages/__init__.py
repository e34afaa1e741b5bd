"""The customer's pages. They know no session, login, cookie or script: the token in the address is all there is.

A GET only shows; a person's POST answers or objects. Mail scanners open every link and some submit forms by script, so
the number in a link preselects and nothing more. That a page was opened is noted once, as telemetry.
"""
