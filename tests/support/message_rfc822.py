"""How Schemathesis sends a mail as a body."""

import schemathesis


@schemathesis.serializer("message/rfc822")
def message(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
