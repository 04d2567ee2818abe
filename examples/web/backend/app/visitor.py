"""Who writes: a random id in a signed cookie, so that nobody can write as somebody else."""

import uuid

import jwt
from fastapi import Request, Response

COOKIE = "visitor"
YEAR_SECONDS = 365 * 24 * 3_600


def visitor(request: Request, response: Response) -> str:
    """The visitor's id. Whoever has none, or one that was not signed here, gets a new one."""
    secret = request.app.state.settings.jwt_secret
    try:
        claims = jwt.decode(request.cookies.get(COOKIE, ""), secret, algorithms=["HS256"], options={"require": ["sub"]})
        return claims["sub"]
    except jwt.InvalidTokenError:
        id = uuid.uuid4().hex
        token = jwt.encode({"sub": id}, secret, algorithm="HS256")
        response.set_cookie(COOKIE, token, max_age=YEAR_SECONDS, httponly=True, samesite="lax")
        return id
