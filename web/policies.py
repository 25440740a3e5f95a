"""Content-Security-Policy: what a page may load, and what an answer that is no page may."""

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# An editor's library places what it draws by style attributes; it brings no style sheet and no script of its own.
EDITOR = f"{PAGE}; style-src-attr 'unsafe-inline'"
DATA = "default-src 'none'; frame-ancestors 'none'"
