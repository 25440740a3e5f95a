"""登录会话, for clients that have a name and a password instead of a token."""

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session as DatabaseSession

from engine import passwords, sign_ins
from web import context, guard, operations, reading
from web.given import Credentials
from web.guard import guard as guarded
from web.operations import Operation, operation
from web.told import Session

routes = Blueprint("sessions", __name__)

_SIGN_IN = Operation(answer=Session, status=201, body=Credentials, problems=frozenset({401}))


@routes.post("/session")
@guarded("session.start")
@operations.documented(_SIGN_IN)
def sign_in() -> Response:
    """登录

    所得令牌用于 `Authorization: Bearer`。每次登录都是新的会话，`Idempotency-Key` 在此不起作用：令牌不作保存。
    """
    here, given = context.current(), reading.body(Credentials)
    with here.database.read() as session:  # slow on purpose, so before anything is locked
        proof = sign_ins.prove(session, given.name, given.password)
    renewed = passwords.renewed(proof.verified_hash, given.password)

    def start(session: DatabaseSession) -> Session:
        token = sign_ins.sign_in(
            session,
            proof,
            here.settings,
            address=request.remote_addr or "",
            agent=request.user_agent.string,
            renewed_hash=renewed,
        )
        return Session(token=token, idle_minutes=here.settings.session_idle_minutes, hours=here.settings.session_hours)

    return operations.carry_out(_SIGN_IN, start)


@routes.delete("/session")
@guarded("session.end")
@operation(status=204)
def sign_out(session: DatabaseSession) -> None:
    """退出登录

    所示的登录令牌立即失效。接口令牌不受影响。
    """
    sign_ins.sign_out(session, guard.token())
