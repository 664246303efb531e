"""The dashboard in a browser: textual-serve on loopback, for those who hold the token.

server   who may come in, and the page
"""
